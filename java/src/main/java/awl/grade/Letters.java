package awl.grade;

import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds the letter of a multiple-choice answer.
final class Letters {

    private Letters() {}

    /// @return the letter, or null where none or several are given
    static @Nullable Character in(String reply, List<String> options) {
        String marked = FinalAnswer.in(reply);
        if (marked != null) {
            Character letter = of(marked, options);
            if (letter != null || severalLetters(marked, options.size())) {
                return letter;
            }
        }
        String[] lines = reply.strip().split("\\R");
        String last = FinalAnswer.clean(lines[lines.length - 1]);
        Character letter = of(last, options);
        if (letter != null) {
            return letter;
        }
        Matcher found = Pattern.compile("(?i)\\b(?:option|choice|answer)\\s*(?:is\\s*)?\\(?([A-Z])\\b\\)?")
                .matcher(reply);
        Character named = null;
        while (found.find()) {
            named = valid(found.group(1), options.size(), named);
        }
        if (named != null) {
            return named;
        }
        Matcher bracketed = Pattern.compile("(?<![A-Za-z])\\(?([A-Z])\\)").matcher(last);
        while (bracketed.find()) {
            named = valid(bracketed.group(1), options.size(), named);
        }
        return named;
    }

    private static @Nullable Character valid(String letter, int count, @Nullable Character otherwise) {
        char c = letter.toUpperCase(java.util.Locale.ROOT).charAt(0);
        return c - 'A' < count ? Character.valueOf(c) : otherwise;
    }

    private static boolean severalLetters(String text, int count) {
        String last = String.valueOf((char) ('A' + count - 1));
        return Latex.plain(text, true)
                .matches("(?s)\\(?[A-" + last + "]\\)?\\s*(?:,|and|or|/|&)\\s*\\(?[A-" + last + "]\\b.*");
    }

    /// The letter that an answer text begins with, or that of the option it repeats.
    private static @Nullable Character of(String text, List<String> options) {
        if (severalLetters(text, options.size())) {
            return null;
        }
        String plain = FinalAnswer.clean(Latex.plain(text, true)).replaceAll("^(?i)(?:option|choice)\\s+", "");
        for (int i = 0; i < options.size(); i++) {
            if (same(plain, options.get(i))) {
                return (char) ('A' + i);
            }
        }
        Matcher upper = Pattern.compile("^[(\\[]?([A-Z])(?:[)\\].:,]|\\s|$)").matcher(plain);
        Matcher lower = Pattern.compile("^[(\\[]?([a-z])(?:[)\\]]|[.:]?$)").matcher(plain);
        Matcher found = upper.find() ? upper : lower.find() ? lower : null;
        return found == null ? null : valid(found.group(1), options.size(), null);
    }

    private static boolean same(String text, String option) {
        return !option.isBlank() && Words.normal(text).equals(Words.normal(Latex.plain(option, true)));
    }
}
