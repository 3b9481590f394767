package awl.grade;

import java.util.List;
import java.util.regex.Pattern;

/// Grades replies. The final answer is what a box, a tag, `####` or the last *answer is* marks; for numbers
/// else the last number, for letters else the last line. No answer is a wrong answer.
public final class Answers {

    private static final int LONGEST = 200_000;
    private static final Pattern REFERENCE = Pattern.compile("^[\\s\\S]*?=\\s*(?=[^=]*$)");

    private Answers() {}

    /// @param options as they were given, `A` first
    public static Grade choice(String reply, char gold, List<String> options) {
        Character letter = Letters.in(end(reply), options);
        if (letter == null) {
            return Grade.wrong(null, "no letter");
        }
        String found = String.valueOf(letter);
        return letter == gold ? Grade.right(found) : Grade.wrong(found, "expected " + gold);
    }

    /// @param unit of the gold value; empty where it has none. A reply may use another unit of the same
    ///     kind or none
    /// @param tolerance relative to the gold value
    public static Grade number(String reply, double gold, String unit, double tolerance) {
        String text = end(reply);
        String marked = FinalAnswer.in(text);
        // Of "6 * 7 = 42" the value behind the last equals sign counts.
        Measure found = marked == null
                ? Measure.last(text)
                : Measure.read(REFERENCE.matcher(marked).replaceFirst(""));
        if (found == null && marked != null) {
            found = Measure.read(marked);
        }
        if (found == null && marked != null) {
            found = last(marked);
        }
        if (found == null) {
            return Grade.wrong(null, "no number");
        }
        String written = marked == null ? String.valueOf(found.value()) : marked;
        double value = found.value();
        Units.Unit expected = unit.isEmpty() ? null : Units.read(unit);
        Units.Unit given = found.unit().isEmpty() ? null : Units.read(found.unit());
        if (expected != null && given != null) {
            if (!given.sameKind(expected)) {
                return Grade.wrong(written, "expected the unit " + unit);
            }
            value *= given.factor() / expected.factor();
        } else if (expected == null && unit.isEmpty() && found.unit().startsWith("%")) {
            value /= 100;
        }
        return close(gold, value, tolerance)
                ? Grade.right(written)
                : Grade.wrong(written, "expected " + gold + (unit.isEmpty() ? "" : " " + unit));
    }

    /// The value behind the last `=`, or the last number of a marked answer such as *about 5 m*.
    private static @org.jspecify.annotations.Nullable Measure last(String marked) {
        Measure behind = Measure.read(REFERENCE.matcher(marked).replaceFirst(""));
        return behind != null ? behind : Measure.last(marked);
    }

    /// Whether a value is within a relative tolerance of the gold value. Rounding of the last bit is
    /// forgiven.
    public static boolean close(double gold, double value, double tolerance) {
        if (!Double.isFinite(value)) {
            return false;
        }
        return Math.abs(value - gold) <= tolerance * Math.abs(gold) * (1 + 1e-9) + 1e-12;
    }

    /// A formula in LaTeX or plain text.
    public static Grade expression(String reply, String gold) {
        String text = end(reply);
        String marked = FinalAnswer.in(text);
        String found = marked == null ? lastLine(text) : marked;
        if (found.isEmpty()) {
            return Grade.wrong(null, "no answer");
        }
        return sameExpression(gold, found) ? Grade.right(found) : Grade.wrong(found, "expected " + gold);
    }

    /// Whether two formulas mean the same; numbers may carry units.
    public static boolean sameExpression(String gold, String given) {
        if (Equivalence.same(gold, given)) {
            return true;
        }
        // A number with a unit or with words behind it.
        Measure one = Measure.read(gold);
        Measure other = Measure.read(given);
        if (one == null || other == null || !tame(one.unit()) || !tame(other.unit())) {
            return false;
        }
        Units.Unit expected = Units.read(one.unit());
        Units.Unit found = Units.read(other.unit());
        if (expected == null && !one.unit().isEmpty()
                || found == null && !other.unit().isEmpty()) {
            return false;
        }
        double value = other.value();
        if (expected != null && found != null) {
            if (!expected.sameKind(found)) {
                return false;
            }
            value *= found.factor() / expected.factor();
        }
        return close(one.value(), value, 1e-6);
    }

    /// Whether what stands behind a number may be a unit: no operators, no digits other than exponents.
    private static boolean tame(String unit) {
        return unit.matches("[A-Za-zΩμ°%/ .*^()0-9-]{0,30}") && !unit.matches(".*[=+].*");
    }

    /// A word or phrase.
    public static Grade words(String reply, String gold) {
        String text = end(reply);
        String marked = FinalAnswer.in(text);
        String found = marked == null ? lastLine(text) : marked;
        if (found.isEmpty()) {
            return Grade.wrong(null, "no answer");
        }
        boolean same = Words.normal(Latex.plain(found, true)).equals(Words.normal(Latex.plain(gold, true)));
        return same ? Grade.right(found) : Grade.wrong(found, "expected " + gold);
    }

    private static String lastLine(String text) {
        String[] lines = text.strip().split("\\R");
        return FinalAnswer.clean(lines[lines.length - 1]);
    }

    /// The end of a reply that never stopped.
    private static String end(String reply) {
        return reply.length() <= LONGEST ? reply : reply.substring(reply.length() - LONGEST);
    }
}
