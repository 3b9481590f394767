package awl.token.jinja;

import java.math.BigInteger;

/// Python's format specification: `[[fill]align][sign][z][#][0][width][grouping][.precision][type]`, applied
/// to one value.
final class FormatSpec {
    private int fill = ' ';
    private char align;
    private char sign = '-';
    private boolean alternate;
    private boolean zeros;
    private boolean explicitFill;
    private long width = -1;
    private char grouping;
    private int precision = -1;
    private char type;

    private final String text;
    private int at;

    private FormatSpec(String text) {
        this.text = text;
        int first = text.isEmpty() ? 0 : Character.charCount(text.codePointAt(0));
        if (first < text.length() && "<>=^".indexOf(text.charAt(first)) >= 0) {
            fill = text.codePointAt(0);
            explicitFill = true;
            align = text.charAt(first);
            at = first + 1;
        } else if (isOneOf("<>=^")) {
            align = text.charAt(at++);
        }
        if (isOneOf("+- ")) {
            sign = text.charAt(at++);
        }
        if (isOneOf("z")) {
            at++;
        }
        if (isOneOf("#")) {
            alternate = true;
            at++;
        }
        if (isOneOf("0")) {
            zeros = true;
            fill = explicitFill ? fill : '0';
            at++;
        }
        width = digits();
        if (isOneOf(",_")) {
            grouping = text.charAt(at++);
        }
        if (isOneOf(".")) {
            at++;
            precision = (int) digits();
            if (precision < 0) {
                throw Fault.value("Format specifier missing precision");
            }
        }
        if (at < text.length()) {
            type = text.charAt(at++);
        }
        String groupable = grouping == '_' ? "deEfFgG%boxX" : "deEfFgG%";
        if (grouping != 0 && type != 0 && groupable.indexOf(type) < 0) {
            throw Fault.value("Cannot specify '" + grouping + "' with '" + type + "'.");
        }
        if (at < text.length()) {
            throw Fault.value("Invalid format specifier '" + text + "'");
        }
    }

    private boolean isOneOf(String characters) {
        return at < text.length() && characters.indexOf(text.charAt(at)) >= 0;
    }

    private long digits() {
        long value = -1;
        while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
            value = Math.max(0, value) * 10 + text.charAt(at++) - '0';
            if (value > Integer.MAX_VALUE) {
                throw Fault.value("Too many decimal digits in format string");
            }
        }
        return value;
    }

    static String format(Render render, Object value, String spec) {
        if (spec.isEmpty()) {
            return Repr.str(render, value);
        }
        boolean plain = !Values.isString(value) && !Numbers.isNumber(value);
        if (plain) {
            throw Fault.type("unsupported format string passed to " + Values.typeName(value) + ".__format__");
        }
        FormatSpec format = new FormatSpec(spec);
        render.checkSize(Math.max(format.width, format.precision));
        if (Values.isString(value)) {
            return format.string(render, Values.string(value));
        }
        if (value instanceof Boolean flag && format.type == 0) {
            return format.integer(render, flag ? 1L : 0L);
        }
        return value instanceof Double || "eEfFgG%".indexOf(format.type) >= 0 && format.type != 0
                ? format.real(render, Numbers.toDouble(value))
                : format.integer(render, value);
    }

    private Fault unknownCode(String what) {
        return Fault.value("Unknown format code '" + type + "' for object of type '" + what + "'");
    }

    private String string(Render render, String value) {
        if (type != 0 && type != 's') {
            throw unknownCode("str");
        }
        if (sign != '-' || alternate || grouping != 0 || align == '=') {
            throw Fault.value("not allowed in string format specifier");
        }
        String cut = precision >= 0 && precision < Text.length(value) ? Text.slice(value, 0, precision) : value;
        return padded(render, "", cut, '<');
    }

    private String integer(Render render, Object value) {
        if (precision >= 0) {
            throw Fault.value("Precision not allowed in integer format specifier");
        }
        BigInteger number = Numbers.big(value);
        String digits = switch (type) {
            case 0, 'd', 'n' -> Repr.integer(number.abs());
            case 'b' -> number.abs().toString(2);
            case 'o' -> number.abs().toString(8);
            case 'x' -> number.abs().toString(16);
            case 'X' -> number.abs().toString(16).toUpperCase(java.util.Locale.ROOT);
            case 'c' -> {
                if (number.signum() < 0 || number.bitLength() > 21 || !Character.isValidCodePoint(number.intValue())) {
                    throw Fault.arithmetic("%c arg not in range(0x110000)");
                }
                yield Character.toString(number.intValue());
            }
            default -> throw unknownCode("int");
        };
        if (type == 'c') {
            return padded(render, "", digits, '<');
        }
        String prefix = alternate && "boxX".indexOf(type) >= 0 && type != 0 ? "0" + type : "";
        int group = "boxX".indexOf(type) >= 0 && type != 0 ? 4 : 3;
        return number(render, number.signum() < 0, prefix, digits, "", group);
    }

    private String real(Render render, double value) {
        boolean negative = value < 0 || (value == 0 && 1 / value < 0);
        double size = Math.abs(value);
        int places = precision < 0 ? 6 : precision;
        if (!Double.isFinite(value)) {
            String name = Double.isNaN(value) ? "nan" : "inf";
            String shown = Character.isUpperCase(type) ? name.toUpperCase(java.util.Locale.ROOT) : name;
            return number(render, negative, "", shown + (type == '%' ? "%" : ""), "", 0);
        }
        String shown = switch (type) {
            case 'f', 'F' -> FloatText.fixed(size, places, alternate);
            case 'e', 'E' -> FloatText.exponential(size, places, alternate, type);
            case 'g', 'n' -> FloatText.general(size, places, alternate, 'e');
            case 'G' -> FloatText.general(size, places, alternate, 'E');
            case '%' -> FloatText.fixed(size * 100, places, alternate) + "%";
            case 0 -> precision < 0 ? FloatText.repr(size) : FloatText.unspecified(size, precision, alternate);
            default -> throw unknownCode("float");
        };
        int end = 0;
        while (end < shown.length() && Character.isDigit(shown.charAt(end))) {
            end++;
        }
        return number(render, negative, "", shown.substring(0, end), shown.substring(end), 3);
    }

    /// Puts a number together: sign, prefix, whole digits in groups, and the rest.
    private String number(Render render, boolean negative, String prefix, String digits, String rest, int group) {
        String lead = (negative ? "-" : sign == '-' ? "" : Character.toString(sign)) + prefix;
        if (zeros && align == 0) {
            align = '=';
        }
        String whole = digits;
        if (grouping != 0 && group > 0) {
            long wanted = fill == '0' && align == '=' ? width - lead.length() - rest.length() : 0;
            whole = grouped(digits, group, wanted);
        }
        return padded(render, lead, whole + rest, '>');
    }

    private String grouped(String digits, int group, long wanted) {
        StringBuilder out = new StringBuilder();
        int count = 0;
        // zeros that fill the width are grouped like digits
        for (int i = digits.length() - 1; i >= 0 || out.length() < wanted; i--) {
            if (count > 0 && count % group == 0) {
                out.append(grouping);
            }
            out.append(i >= 0 ? digits.charAt(i) : '0');
            count++;
        }
        return out.reverse().toString();
    }

    private String padded(Render render, String lead, String body, char usual) {
        long free = width - Text.length(lead) - Text.length(body);
        if (free <= 0) {
            return lead + body;
        }
        String filler = Character.toString(fill);
        char side = align == 0 ? usual : align;
        long left = side == '<' ? 0 : side == '^' ? free / 2 : free;
        String before = filler.repeat((int) left);
        String after = filler.repeat((int) (free - left));
        return render.sized(side == '=' ? lead + before + body : before + lead + body + after);
    }
}
