package awl.token;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/// Tells regular expressions that can run away from those that tokenizers use.
///
/// The native library searches by backtracking, gives up after a fixed number of steps, and then ends the whole
/// process; groups nested deep enough overflow its stack. Exponential searches need a repetition of something that
/// is itself repeated or has alternatives, such as `(a+)+` or `(a|a)*`: neither occurs in tokenizers.
final class PatternCheck {

    private static final int LENGTH = 20_000;
    private static final int DEPTH = 50;
    private static final int FEW = 16;

    private final String regex;
    private int at;

    /// What a group holds.
    private static final class Group {
        final boolean atomic;
        boolean ambiguous;

        Group(boolean atomic) {
            this.atomic = atomic;
        }
    }

    private PatternCheck(String regex) {
        this.regex = regex;
    }

    /// What is wrong with an expression, or null. Whether it is one at all, the library says.
    static @Nullable String wrong(String regex) {
        return regex.length() > LENGTH
                ? "is longer than %d characters".formatted(LENGTH)
                : new PatternCheck(regex).search();
    }

    private @Nullable String search() {
        Deque<Group> open = new ArrayDeque<>();
        open.push(new Group(false));
        while (at < regex.length()) {
            char c = regex.charAt(at++);
            boolean repeatable = true;
            boolean ambiguous = false;
            switch (c) {
                case '\\' -> {
                    char kind = at < regex.length() ? regex.charAt(at++) : ' ';
                    if ((kind == 'g' || kind == 'k') && at < regex.length() && regex.charAt(at) == '<') {
                        return "calls or repeats a group by name";
                    }
                    if ((kind == 'p' || kind == 'P' || kind == 'x') && at < regex.length() && regex.charAt(at) == '{') {
                        int end = regex.indexOf('}', at);
                        at = end < 0 ? regex.length() : end + 1;
                    }
                }
                case '[' -> characters();
                case '(' -> {
                    open.push(new Group(regex.startsWith("?>", at)));
                    if (open.size() > DEPTH) {
                        return "nests groups deeper than %d".formatted(DEPTH);
                    }
                    at += regex.startsWith("?", at) ? 1 : 0;
                    repeatable = false;
                }
                case ')' -> {
                    Group closed = open.size() > 1 ? open.pop() : new Group(false);
                    ambiguous = closed.ambiguous && !closed.atomic;
                }
                case '|' -> {
                    if (open.size() > 1) {
                        open.element().ambiguous = true;
                    }
                    repeatable = false;
                }
                default -> {}
            }
            boolean many = repeatable && repeats();
            if (many && ambiguous) {
                return "repeats a group that has repetitions or alternatives in it, ending at character " + at;
            }
            open.element().ambiguous |= many || ambiguous;
        }
        return null;
    }

    /// Passes over a character class, of which the opening bracket was read.
    private void characters() {
        int depth = 1;
        at += regex.startsWith("^", at) ? 1 : 0;
        at += regex.startsWith("]", at) ? 1 : 0;
        while (at < regex.length() && depth > 0) {
            char c = regex.charAt(at++);
            if (c == '\\') {
                at++;
            } else if (c == '[') {
                depth++;
            } else if (c == ']') {
                depth--;
            }
        }
    }

    /// Reads the quantifiers that stand here; whether they allow more than a few repetitions.
    private boolean repeats() {
        boolean many = false;
        while (at < regex.length()) {
            char c = regex.charAt(at);
            if (c == '*' || c == '+') {
                // Behind another quantifier a plus makes it possessive, or repeats it: both are one repetition here.
                many = true;
                at++;
            } else if (c == '?') {
                at++;
            } else if (c == '{') {
                int end = regex.indexOf('}', at);
                String count = end < 0 ? "" : regex.substring(at + 1, end);
                if (!count.matches("\\d*,?\\d*") || count.isEmpty() || count.equals(",")) {
                    return many; // a brace that stands for itself
                }
                String most = count.substring(count.indexOf(',') + 1);
                many |= most.isEmpty() || most.length() > 2 || Integer.parseInt(most) > FEW;
                at = end + 1;
            } else {
                return many;
            }
        }
        return many;
    }
}
