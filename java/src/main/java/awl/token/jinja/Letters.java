package awl.token.jinja;

import java.util.Locale;
import java.util.function.IntPredicate;

/// Classes and cases of characters, as Python's `str` defines them over the Unicode database.
final class Letters {
    private static final int PROSGEGRAMMENI = 0x345;
    private static final int CAPITAL_IOTA = 0x399;
    private static final int CAPITAL_SIGMA = 0x3a3;
    private static final int SIGMA_CONTEXT = 30;

    /// First and last code point of each run with a digit value that is no decimal digit (circled,
    /// superscript, ...).
    private static final int[] DIGIT_RUNS = {
        0xb2, 0xb3, 0xb9, 0xb9, 0x1369, 0x1371, 0x19da, 0x19da, 0x2070, 0x2070, 0x2074, 0x2079, 0x2080, 0x2089, 0x2460,
        0x2468, 0x2474, 0x247c, 0x2488, 0x2490, 0x24ea, 0x24ea, 0x24f5, 0x24fd, 0x24ff, 0x24ff, 0x2776, 0x277e, 0x2780,
        0x2788, 0x278a, 0x2792, 0x10a40, 0x10a43, 0x10e60, 0x10e68, 0x11052, 0x1105a, 0x1f100, 0x1f10a
    };

    /// Ideographs that are numbers.
    private static final String NUMERALS =
            "㐅㒃㠪㭍一七万三九二五亖亿什仟仨伍佰億兆兩八六十千卄卅卌叁参參叄四壱壹幺廾廿弌弍弎弐拾捌" + "柒漆玖百肆萬貮貳贰阡陆陌陸零\uf96b\uf973\uf978\uf9b2\uf9d1\uf9d3\uf9fd";

    private Letters() {}

    static boolean isAlphabetic(int c) {
        return Character.isLetter(c);
    }

    static boolean isDecimal(int c) {
        return Character.getType(c) == Character.DECIMAL_DIGIT_NUMBER;
    }

    static boolean isDigit(int c) {
        if (isDecimal(c)) {
            return true;
        }
        for (int i = 0; i < DIGIT_RUNS.length; i += 2) {
            if (c >= DIGIT_RUNS[i] && c <= DIGIT_RUNS[i + 1]) {
                return true;
            }
        }
        return false;
    }

    static boolean isNumeric(int c) {
        int type = Character.getType(c);
        return type == Character.DECIMAL_DIGIT_NUMBER
                || type == Character.LETTER_NUMBER
                || type == Character.OTHER_NUMBER
                || NUMERALS.indexOf(c) >= 0;
    }

    static boolean isAlphanumeric(int c) {
        return isAlphabetic(c) || isNumeric(c);
    }

    /// A character of a word: `\w` of Python's regular expressions.
    static boolean isWord(int c) {
        return c == '_' || isAlphanumeric(c);
    }

    static boolean isPrintable(int c) {
        if (c == ' ') {
            return true;
        }
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.PRIVATE_USE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR,
                    Character.SPACE_SEPARATOR -> false;
            default -> true;
        };
    }

    static boolean isIdentifier(String name) {
        if (name.isEmpty()) {
            return false;
        }
        int first = name.codePointAt(0);
        if (first != '_' && !Character.isUnicodeIdentifierStart(first)) {
            return false;
        }
        return name.codePoints()
                .skip(1)
                .allMatch(c -> Character.isUnicodeIdentifierPart(c) && !Character.isIdentifierIgnorable(c));
    }

    /// Python's `isalpha` and its kin: not empty, and all characters pass.
    static boolean all(String text, IntPredicate test) {
        return !text.isEmpty() && text.codePoints().allMatch(test);
    }

    private static boolean isUpperOne(int c) {
        return Character.isUpperCase(c);
    }

    private static boolean isLowerOne(int c) {
        return Character.isLowerCase(c);
    }

    private static boolean isTitleOne(int c) {
        return Character.isTitleCase(c);
    }

    private static boolean isCased(int c) {
        return isUpperOne(c) || isLowerOne(c) || isTitleOne(c);
    }

    static boolean isUpper(String text) {
        return text.codePoints().noneMatch(c -> isLowerOne(c) || isTitleOne(c))
                && text.codePoints().anyMatch(Letters::isUpperOne);
    }

    static boolean isLower(String text) {
        return text.codePoints().noneMatch(c -> isUpperOne(c) || isTitleOne(c))
                && text.codePoints().anyMatch(Letters::isLowerOne);
    }

    static boolean isTitle(String text) {
        boolean afterCased = false;
        boolean any = false;
        for (int c : text.codePoints().toArray()) {
            if (isUpperOne(c) || isTitleOne(c)) {
                if (afterCased) {
                    return false;
                }
                afterCased = true;
                any = true;
            } else if (isLowerOne(c)) {
                if (!afterCased) {
                    return false;
                }
                any = true;
            } else {
                afterCased = false;
            }
        }
        return any;
    }

    static String upper(String text) {
        return text.toUpperCase(Locale.ROOT);
    }

    static String lower(String text) {
        return text.toLowerCase(Locale.ROOT);
    }

    /// Lower case with the differences that only matter for comparing without case.
    static String fold(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (c == 0x130) {
                out.append("i\u0307");
            } else if ((c >= 0x13a0 && c <= 0x13f5)) {
                out.appendCodePoint(c);
            } else if (c >= 0x13f8 && c <= 0x13fd) {
                out.appendCodePoint(c - 8);
            } else if (c >= 0xab70 && c <= 0xabbf) {
                out.appendCodePoint(c - 0xab70 + 0x13a0);
            } else if (c == 0x131 || c == 0x1e9e || c == 0x3f4 || c == 0x2126 || c == 0x212a || c == 0x212b) {
                out.append(c == 0x1e9e ? "ss" : c == 0x131 ? "ı" : lower(Character.toString(c)));
            } else {
                String upper = upper(Character.toString(c));
                upper.codePoints().forEach(u -> out.appendCodePoint(Character.toLowerCase(u)));
            }
        });
        return out.toString();
    }

    /// The first letter of a word as a title writes it: `ǆ` to `ǅ`, `ß` to `Ss`.
    static String title(int c) {
        if (isTitleOne(c)) {
            return Character.toString(c);
        }
        int simple = Character.toTitleCase(c);
        String upper = upper(Character.toString(c));
        if (upper.codePointCount(0, upper.length()) == 1
                || c == 0x149
                || (simple != c && simple != upper.codePointAt(0))) {
            return c == 0x149 ? upper : Character.toString(simple);
        }
        if (simple != c) {
            return Character.toString(simple);
        }
        StringBuilder out = new StringBuilder();
        int first = upper.codePointAt(0);
        out.appendCodePoint(first);
        upper.codePoints()
                .skip(1)
                .forEach(u -> out.appendCodePoint(u == CAPITAL_IOTA ? PROSGEGRAMMENI : Character.toLowerCase(u)));
        return out.toString();
    }

    static String capitalize(String text) {
        if (text.isEmpty()) {
            return text;
        }
        int first = text.codePointAt(0);
        // lower the whole and drop the head: a final sigma depends on what stands before it
        String lowered = lower(text);
        String head = lower(Character.toString(first));
        return title(first) + lowered.substring(Math.min(head.length(), lowered.length()));
    }

    /// Each run of letters with a capital first, as `str.title` does it.
    static String titleWords(String text) {
        StringBuilder out = new StringBuilder(text.length());
        int at = 0;
        while (at < text.length()) {
            int c = text.codePointAt(at);
            if (!isCased(c)) {
                out.appendCodePoint(c);
                at += Character.charCount(c);
                continue;
            }
            int end = at;
            while (end < text.length() && isCased(text.codePointAt(end))) {
                end += Character.charCount(text.codePointAt(end));
            }
            out.append(capitalize(text.substring(at, end)));
            at = end;
        }
        return out.toString();
    }

    static String swapCase(String text) {
        StringBuilder out = new StringBuilder(text.length());
        for (int at = 0; at < text.length(); ) {
            int c = text.codePointAt(at);
            int next = at + Character.charCount(c);
            String one = text.substring(at, next);
            if (c == CAPITAL_SIGMA) {
                out.append(lowerSigma(text, at));
            } else {
                out.append(isUpperOne(c) ? lower(one) : isLowerOne(c) ? upper(one) : one);
            }
            at = next;
        }
        return out.toString();
    }

    /// A sigma has another form at the end of a word, which its surroundings tell.
    private static char lowerSigma(String text, int at) {
        int from = Math.max(0, at - SIGMA_CONTEXT);
        String around = text.substring(from, Math.min(text.length(), at + SIGMA_CONTEXT));
        return lower(around).charAt(lower(text.substring(from, at)).length());
    }
}
