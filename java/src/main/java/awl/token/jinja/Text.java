package awl.token.jinja;

/// Strings seen as Python sees them: sequences of code points, whatever Java's sixteen-bit units are
/// underneath.
final class Text {
    private Text() {}

    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /// True where every unit is a character of its own, which most text is; then both ways of counting agree.
    static boolean isPlain(String text) {
        return length(text) == text.length();
    }

    /// The code points from `start` to `end`, both already within the text.
    static String slice(String text, int start, int end) {
        if (start >= end) {
            return "";
        }
        if (isPlain(text)) {
            return text.substring(start, end);
        }
        int from = text.offsetByCodePoints(0, start);
        return text.substring(from, text.offsetByCodePoints(from, end - start));
    }

    static String at(String text, int index) {
        return slice(text, index, index + 1);
    }

    /// A UTF-16 offset as a count of code points; -1 stays -1.
    static int toCodePoints(String text, int offset) {
        return offset < 0 ? offset : text.codePointCount(0, offset);
    }

    /// Order by code points; Java's own order would put surrogate pairs before the end of the basic plane.
    static int compare(String a, String b) {
        int shared = Math.min(a.length(), b.length());
        for (int i = 0; i < shared; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean pairX = Character.isSurrogate(x);
                boolean pairY = Character.isSurrogate(y);
                return pairX == pairY ? Character.compare(x, y) : pairX ? 1 : -1;
            }
        }
        return Integer.compare(a.length(), b.length());
    }

    static boolean isSpace(int c) {
        return (c >= 9 && c <= 13)
                || (c >= 28 && c <= 32)
                || c == 0x85
                || c == 0xa0
                || c == 0x1680
                || (c >= 0x2000 && c <= 0x200a)
                || c == 0x2028
                || c == 0x2029
                || c == 0x202f
                || c == 0x205f
                || c == 0x3000;
    }

    static boolean isLineBreak(int c) {
        return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029;
    }

    static String stripLeft(String text) {
        int start = 0;
        while (start < text.length() && isSpace(text.charAt(start))) {
            start++;
        }
        return text.substring(start);
    }

    static String stripRight(String text) {
        int end = text.length();
        while (end > 0 && isSpace(text.charAt(end - 1))) {
            end--;
        }
        return text.substring(0, end);
    }

    static String strip(String text) {
        return stripLeft(stripRight(text));
    }

    static String stripLeft(String text, String characters) {
        int start = 0;
        while (start < text.length()) {
            int c = text.codePointAt(start);
            if (characters.indexOf(c) < 0) {
                break;
            }
            start += Character.charCount(c);
        }
        return text.substring(start);
    }

    static String stripRight(String text, String characters) {
        int end = text.length();
        while (end > 0) {
            int c = text.codePointBefore(end);
            if (characters.indexOf(c) < 0) {
                break;
            }
            end -= Character.charCount(c);
        }
        return text.substring(0, end);
    }
}
