package awl.grade;

import java.util.Locale;

/// Texts compared without case, blanks, quotes, articles and a full stop.
final class Words {

    private Words() {}

    static String normal(String text) {
        return text.toLowerCase(Locale.ROOT)
                .replaceAll("[\"'“”‘’`*]", "")
                .replaceAll("^(?:the|a|an)\\s+", "")
                .replaceAll("\\s+", " ")
                .replaceAll("[.,;!]$", "")
                .strip();
    }
}
