package awl.token.jinja;

import java.math.BigInteger;
import java.util.List;

/// The `%` operator on strings: C-like conversions, by position or from a mapping.
final class PercentFormat {
    private final Render render;
    private final String format;
    private final Object argument;
    private final boolean escape;
    private final List<Object> positional;
    private final StringBuilder out = new StringBuilder();
    private int next;
    private int at;

    private PercentFormat(Render render, String format, Object argument, boolean escape) {
        this.render = render;
        this.format = format;
        this.argument = argument;
        this.escape = escape;
        this.positional = argument instanceof Tuple tuple ? tuple.items : List.of(argument);
    }

    /// @param escape whether values are escaped on the way in, as markup does
    static String format(Render render, String format, Object argument, boolean escape) {
        PercentFormat run = new PercentFormat(render, format, argument, escape);
        run.run();
        // a mapping need not be used up; to Python everything with items counts as one
        boolean mapping = argument instanceof Dict
                || argument instanceof List<?>
                || argument instanceof Undefined
                || argument instanceof Range;
        if (run.next < run.positional.size() && !mapping) {
            throw Fault.type("not all arguments converted during string formatting");
        }
        return render.sized(run.out.toString());
    }

    private void run() {
        while (at < format.length()) {
            int percent = format.indexOf('%', at);
            if (percent < 0) {
                out.append(format, at, format.length());
                return;
            }
            out.append(format, at, percent);
            at = percent + 1;
            conversion();
            render.checkSize(out.length());
        }
    }

    private char current() {
        if (at >= format.length()) {
            throw Fault.value("incomplete format");
        }
        return format.charAt(at);
    }

    private void conversion() {
        Object keyed = Missing.MISSING;
        if (current() == '(') {
            keyed = key();
        }
        String flags = "";
        while ("-+ #0".indexOf(current()) >= 0) {
            flags += format.charAt(at++);
        }
        long width = number();
        if (width < -1) {
            flags += '-';
            width = -width;
        }
        long precision = -1;
        if (current() == '.') {
            at++;
            precision = Math.max(0, number());
        }
        while ("hlL".indexOf(current()) >= 0) {
            at++;
        }
        char type = format.charAt(at++);
        if (type == '%') {
            out.append('%');
            return;
        }
        render.checkSize(Math.max(width, precision));
        Object value = keyed == Missing.MISSING ? argument() : keyed;
        out.append(new Conversion(flags, (int) width, (int) precision, type).convert(value));
    }

    private Object key() {
        int depth = 1;
        int start = ++at;
        while (depth > 0) {
            char c = current();
            depth += c == '(' ? 1 : c == ')' ? -1 : 0;
            at++;
        }
        String key = format.substring(start, at - 1);
        if (!(argument instanceof Dict dict)) {
            throw Fault.type("format requires a mapping");
        }
        Object found = dict.get(key);
        if (found == Missing.MISSING) {
            throw Fault.lookup("'" + key + "'");
        }
        return found;
    }

    /// Digits, or `*` for a number among the arguments; -1 for neither.
    private long number() {
        if (current() == '*') {
            at++;
            Object given = argument();
            if (!Numbers.isInteger(given)) {
                throw Fault.type("* wants int");
            }
            long value = Numbers.index(given);
            render.checkSize(Math.abs(value));
            return value == -1 ? -2 : value;
        }
        long value = -1;
        while (current() >= '0' && current() <= '9') {
            value = Math.max(0, value) * 10 + format.charAt(at++) - '0';
            render.checkSize(value);
        }
        return value;
    }

    private Object argument() {
        if (next >= positional.size()) {
            throw Fault.type("not enough arguments for format string");
        }
        return positional.get(next++);
    }

    /// One conversion with its flags.
    private final class Conversion {
        private final String flags;
        private final int width;
        private final int precision;
        private final char type;

        Conversion(String flags, int width, int precision, char type) {
            this.flags = flags;
            this.width = width;
            this.precision = precision;
            this.type = type;
        }

        private boolean has(char flag) {
            return flags.indexOf(flag) >= 0;
        }

        String convert(Object value) {
            return switch (type) {
                case 's', 'r', 'a' -> {
                    String text = text(value);
                    yield padded(
                            "",
                            precision >= 0 && precision < Text.length(text) ? Text.slice(text, 0, precision) : text,
                            false);
                }
                case 'c' -> padded("", character(value), false);
                case 'd', 'i', 'u', 'x', 'X', 'o' -> integer(value);
                case 'e', 'E', 'f', 'F', 'g', 'G' -> real(value);
                default ->
                    throw Fault.value("unsupported format character '" + Character.toString(format.codePointAt(at - 1))
                            + "' at index " + Text.toCodePoints(format, at - 1));
            };
        }

        private String text(Object value) {
            String text = switch (type) {
                case 's' -> escape ? Markup.escape(render, value).text() : Repr.str(render, value);
                case 'r' -> Repr.repr(render, value);
                default -> Repr.ascii(render, value);
            };
            return escape && type != 's' ? Markup.escapeText(text) : text;
        }

        private String character(Object value) {
            if (Values.isString(value) && Text.length(Values.string(value)) == 1) {
                return Values.string(value);
            }
            if (Numbers.isInteger(value)) {
                BigInteger point = Numbers.big(value);
                if (point.signum() < 0 || point.bitLength() > 21 || !Character.isValidCodePoint(point.intValue())) {
                    throw Fault.arithmetic("%c arg not in range(0x110000)");
                }
                return Character.toString(point.intValue());
            }
            throw Fault.type("%c requires int or char");
        }

        private String integer(Object value) {
            if (value instanceof Undefined undefined) {
                throw undefined.fault();
            }
            boolean decimal = "diu".indexOf(type) >= 0;
            if (!Numbers.isNumber(value) || (!decimal && value instanceof Double)) {
                throw Fault.type("%" + type + " format: a real number is required, not " + Values.typeName(value));
            }
            BigInteger number = value instanceof Double real ? Numbers.big(Numbers.truncate(real)) : Numbers.big(value);
            String digits = switch (type) {
                case 'x' -> number.abs().toString(16);
                case 'X' -> number.abs().toString(16).toUpperCase(java.util.Locale.ROOT);
                case 'o' -> number.abs().toString(8);
                default -> Repr.integer(number.abs());
            };
            String zeros = "0".repeat(Math.max(0, precision - digits.length()));
            String prefix = has('#') && !decimal ? "0" + type : "";
            return padded(sign(number.signum() < 0) + prefix, zeros + digits, true);
        }

        private String real(Object value) {
            if (value instanceof Undefined undefined) {
                throw undefined.fault();
            }
            double number = Numbers.toDouble(value);
            boolean negative = number < 0 || (number == 0 && 1 / number < 0);
            double size = Math.abs(number);
            int places = precision < 0 ? 6 : precision;
            boolean upper = Character.isUpperCase(type);
            if (!Double.isFinite(number)) {
                String name = Double.isNaN(number) ? "nan" : "inf";
                return padded(sign(negative), upper ? name.toUpperCase(java.util.Locale.ROOT) : name, true);
            }
            String text = switch (type) {
                case 'f', 'F' -> FloatText.fixed(size, places, has('#'));
                case 'e', 'E' -> FloatText.exponential(size, places, has('#'), type);
                default -> FloatText.general(size, places, has('#'), upper ? 'E' : 'e');
            };
            return padded(sign(negative), text, true);
        }

        private String sign(boolean negative) {
            return negative ? "-" : has('+') ? "+" : has(' ') ? " " : "";
        }

        private String padded(String lead, String body, boolean number) {
            int free = width - Text.length(lead) - Text.length(body);
            if (free <= 0) {
                return lead + body;
            }
            if (has('-')) {
                return lead + body + " ".repeat(free);
            }
            return number && has('0') ? lead + "0".repeat(free) + body : " ".repeat(free) + lead + body;
        }
    }
}
