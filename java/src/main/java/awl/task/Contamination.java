package awl.task;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Finds questions of one set in another: the same text, the same words, or mostly the same five-word
/// sequences.
///
/// Questions from templates share most of their words by design, and differ in their numbers. So sequences
/// only count when the numbers are the same ones too; questions without numbers are compared by their
/// sequences alone.
public final class Contamination {

    private static final int WORDS = 5;
    private static final double SHARE = 0.6;
    private static final Pattern WORD = Pattern.compile("[\\p{L}]+|\\d+(?:\\.\\d+)?");

    private Contamination() {}

    /// How two questions are alike.
    public enum Likeness {
        EXACT,
        NORMALISED,
        SEQUENCES
    }

    /// @param held a question of the set that must stay unseen
    /// @param other the one it was found in
    public record Found(Problem held, Problem other, Likeness likeness) {}

    private record Text(Problem problem, String normal, Set<String> sequences, List<String> numbers) {

        static Text of(Problem problem) {
            List<String> words = new ArrayList<>();
            List<String> numbers = new ArrayList<>();
            Matcher word = WORD.matcher(problem.question().toLowerCase(Locale.ROOT));
            while (word.find()) {
                words.add(word.group());
                if (Character.isDigit(word.group().charAt(0))) {
                    numbers.add(word.group());
                }
            }
            numbers.sort(null);
            Set<String> sequences = new HashSet<>();
            for (int i = 0; i + WORDS <= words.size(); i++) {
                sequences.add(String.join(" ", words.subList(i, i + WORDS)));
            }
            return new Text(problem, String.join(" ", words), sequences, numbers);
        }
    }

    /// @param held must stay unseen: the test set
    /// @param others what is trained on or shown
    /// @return at most one finding for each held question, the closest
    public static List<Found> between(List<Problem> held, List<Problem> others) {
        Map<String, Text> exact = new HashMap<>();
        Map<String, Text> normal = new HashMap<>();
        Map<List<String>, List<Text>> byNumbers = new HashMap<>();
        for (Problem each : others) {
            Text text = Text.of(each);
            exact.putIfAbsent(each.question(), text);
            normal.putIfAbsent(text.normal, text);
            byNumbers.computeIfAbsent(text.numbers, key -> new ArrayList<>()).add(text);
        }
        List<Found> found = new ArrayList<>();
        for (Problem problem : held) {
            Text text = Text.of(problem);
            Text same = exact.get(problem.question());
            Text alike = normal.get(text.normal);
            if (same != null) {
                found.add(new Found(problem, same.problem, Likeness.EXACT));
            } else if (alike != null) {
                found.add(new Found(problem, alike.problem, Likeness.NORMALISED));
            } else {
                byNumbers.getOrDefault(text.numbers, List.of()).stream()
                        .filter(other -> overlap(text.sequences, other.sequences) >= SHARE)
                        .findFirst()
                        .ifPresent(other -> found.add(new Found(problem, other.problem, Likeness.SEQUENCES)));
            }
        }
        return found;
    }

    /// Share of the smaller set that is in the other.
    private static double overlap(Set<String> a, Set<String> b) {
        Set<String> small = a.size() <= b.size() ? a : b;
        Set<String> large = small == a ? b : a;
        return small.isEmpty()
                ? 0
                : (double) small.stream().filter(large::contains).count() / small.size();
    }
}
