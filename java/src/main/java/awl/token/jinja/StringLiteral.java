package awl.token.jinja;

/// What a quoted string of a template means: Python's escapes, decoded the way the reference does it, that is
/// after writing characters beyond ASCII as escapes themselves (so that a backslash before one of them stays
/// a backslash).
final class StringLiteral {
    private StringLiteral() {}

    static String decode(String body, int line) {
        if (body.indexOf('\\') < 0) {
            return body;
        }
        StringBuilder out = new StringBuilder(body.length());
        for (int i = 0; i < body.length(); ) {
            int c = body.codePointAt(i);
            i += Character.charCount(c);
            if (c != '\\') {
                out.appendCodePoint(c);
                continue;
            }
            int next = body.codePointAt(i);
            i += Character.charCount(next);
            switch (next) {
                case '\n' -> {}
                case '\\', '\'', '"' -> out.append((char) next);
                case 'a' -> out.append('\u0007');
                case 'b' -> out.append('\b');
                case 'f' -> out.append('\f');
                case 'n' -> out.append('\n');
                case 'r' -> out.append('\r');
                case 't' -> out.append('\t');
                case 'v' -> out.append('\u000b');
                case 'x' -> i = hex(body, i, 2, out, line);
                case 'u' -> i = hex(body, i, 4, out, line);
                case 'U' -> i = hex(body, i, 8, out, line);
                case 'N' -> i = named(body, i, out, line);
                default -> {
                    if (next >= '0' && next <= '7') {
                        i = octal(body, i - 1, out);
                    } else if (next < 0x80) {
                        out.append('\\').append((char) next);
                    } else {
                        String form = next < 0x100 ? "\\x%02x" : next < 0x10000 ? "\\u%04x" : "\\U%08x";
                        out.append(String.format(form, next));
                    }
                }
            }
        }
        return out.toString();
    }

    private static int hex(String body, int start, int digits, StringBuilder out, int line) {
        int value = 0;
        for (int i = start; i < start + digits; i++) {
            int digit = i < body.length() && body.charAt(i) < 0x80 ? Character.digit(body.charAt(i), 16) : -1;
            if (digit < 0) {
                throw Fault.syntax("truncated \\" + "xuU".charAt(digits / 4) + " escape", line);
            }
            value = value * 16 + digit;
        }
        if (value < 0 || value > Character.MAX_CODE_POINT) {
            throw Fault.syntax("illegal Unicode character", line);
        }
        out.appendCodePoint(value);
        return start + digits;
    }

    private static int octal(String body, int start, StringBuilder out) {
        int value = 0;
        int i = start;
        while (i < body.length() && i < start + 3 && body.charAt(i) >= '0' && body.charAt(i) <= '7') {
            value = value * 8 + body.charAt(i++) - '0';
        }
        out.appendCodePoint(value);
        return i;
    }

    private static int named(String body, int start, StringBuilder out, int line) {
        int close = body.indexOf('}', start);
        if (start >= body.length() || body.charAt(start) != '{' || close < 0) {
            throw Fault.syntax("malformed \\N character escape", line);
        }
        try {
            out.appendCodePoint(Character.codePointOf(body.substring(start + 1, close)));
        } catch (IllegalArgumentException unknown) {
            throw Fault.syntax("unknown Unicode character name", line);
        }
        return close + 1;
    }
}
