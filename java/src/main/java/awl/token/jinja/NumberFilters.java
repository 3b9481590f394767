package awl.token.jinja;

import java.math.BigInteger;
import java.util.List;

/// Filters on numbers, and from text to numbers.
final class NumberFilters {
    private NumberFilters() {}

    static void define() {
        Filters.define("abs", "x, /", (_, a) -> {
            if (!Numbers.isNumber(a[0])) {
                throw a[0] instanceof Undefined undefined
                        ? undefined.fault()
                        : Fault.type("bad operand type for abs(): '" + Values.typeName(a[0]) + "'");
            }
            return Numbers.absolute(a[0]);
        });
        Filters.define("int", "value, default=0, base=10", NumberFilters::toInteger);
        Filters.define("float", "value, default=0.0", (_, a) -> {
            try {
                return real(a[0]);
            } catch (Fault fault) {
                rethrowUnlessUnreadable(fault);
                return a[1];
            }
        });
        Filters.define("round", "value, precision=0, method='common'", NumberFilters::round);
        Filters.define("filesizeformat", "value, binary=false", (_, a) -> fileSize(real(a[0]), Values.truth(a[1])));
    }

    private static void rethrowUnlessUnreadable(Fault fault) {
        if (fault.sort != Fault.Sort.TYPE && fault.sort != Fault.Sort.VALUE) {
            throw fault;
        }
    }

    private static Object toInteger(Render render, Object[] a) {
        try {
            if (Values.isString(a[0])) {
                return integer(Values.string(a[0]), Numbers.index(a[2]));
            }
            return whole(a[0]);
        } catch (Fault fault) {
            rethrowUnlessUnreadable(fault);
        }
        try {
            // "42.23" is no integer, but its float has one
            return whole(real(a[0]));
        } catch (Fault fault) {
            if (fault.sort != Fault.Sort.ARITHMETIC) {
                rethrowUnlessUnreadable(fault);
            }
            return a[1];
        }
    }

    /// Python's `int(value)` for anything but a string.
    private static Object whole(Object value) {
        return switch (value) {
            case Double number -> Numbers.truncate(number);
            case Undefined undefined -> throw undefined.fault();
            default -> {
                if (!Numbers.isInteger(value)) {
                    throw Fault.type(
                            "int() argument must be a string or a real number, not '" + Values.typeName(value) + "'");
                }
                yield Numbers.narrow(Numbers.big(value));
            }
        };
    }

    /// Python's `int(text, base)`: white space around, a sign, a prefix of the base, single underscores
    /// inside.
    private static Object integer(String written, long base) {
        if (base != 0 && (base < 2 || base > 36)) {
            throw Fault.value("int() base must be >= 2 and <= 36, or 0");
        }
        String text = ascii(Text.strip(written));
        boolean negative = text.startsWith("-");
        String digits = negative || text.startsWith("+") ? text.substring(1) : text;
        int radix = (int) base;
        int prefixed = digits.length() > 1 && digits.charAt(0) == '0'
                ? switch (digits.charAt(1)) {
                    case 'x', 'X' -> 16;
                    case 'o', 'O' -> 8;
                    case 'b', 'B' -> 2;
                    default -> 0;
                }
                : 0;
        if (prefixed > 0 && (base == 0 || base == prefixed)) {
            radix = prefixed;
            digits = digits.substring(digits.length() > 2 && digits.charAt(2) == '_' ? 3 : 2);
        } else if (base == 0) {
            radix = 10;
            if (digits.startsWith("0") && digits.chars().anyMatch(c -> c != '0' && c != '_')) {
                throw unreadable(written);
            }
        }
        if (digits.isEmpty() || digits.startsWith("_") || digits.endsWith("_") || digits.contains("__")) {
            throw unreadable(written);
        }
        String plain = digits.replace("_", "");
        int valueRadix = radix;
        if (!plain.chars().allMatch(c -> c < 0x80 && Character.digit(c, valueRadix) >= 0)) {
            throw unreadable(written);
        }
        if (plain.length() > 4300) {
            throw Fault.value("Exceeds the limit (4300 digits) for integer string conversion");
        }
        BigInteger value = new BigInteger(plain, radix);
        return Numbers.narrow(negative ? value.negate() : value);
    }

    private static Fault unreadable(String text) {
        return Fault.value("invalid literal for int(): '" + text + "'");
    }

    /// Decimal digits of any script as ASCII digits.
    private static String ascii(String text) {
        StringBuilder out = new StringBuilder(text.length());
        text.codePoints().forEach(c -> {
            if (c >= 0x80 && Letters.isDecimal(c)) {
                out.append((char) ('0' + Character.digit(c, 10)));
            } else {
                out.appendCodePoint(c);
            }
        });
        return out.toString();
    }

    /// Python's `float(value)`.
    static double real(Object value) {
        if (value instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (!Values.isString(value)) {
            if (!Numbers.isNumber(value)) {
                throw Fault.type(
                        "float() argument must be a string or a real number, not '" + Values.typeName(value) + "'");
            }
            return Numbers.toDouble(value);
        }
        String text = ascii(Text.strip(Values.string(value)));
        String body = text.startsWith("-") || text.startsWith("+") ? text.substring(1) : text;
        double sign = text.startsWith("-") ? -1 : 1;
        switch (body.toLowerCase(java.util.Locale.ROOT)) {
            case "inf", "infinity" -> {
                return sign * Double.POSITIVE_INFINITY;
            }
            case "nan" -> {
                return Double.NaN;
            }
            default -> {
                if (!body.matches("(?:[0-9]+(?:_[0-9]+)*(?:\\.(?:[0-9]+(?:_[0-9]+)*)?)?|\\.[0-9]+(?:_[0-9]+)*)"
                        + "(?:[eE][+-]?[0-9]+(?:_[0-9]+)*)?")) {
                    throw Fault.value("could not convert string to float: '" + Values.string(value) + "'");
                }
                return sign * Double.parseDouble(body.replace("_", ""));
            }
        }
    }

    private static Object round(Render render, Object[] a) {
        String method = Values.isString(a[2]) ? Values.string(a[2]) : "";
        if (!List.of("common", "ceil", "floor").contains(method)) {
            throw Fault.runtime("method must be common, ceil or floor");
        }
        if (method.equals("common")) {
            if (!Numbers.isNumber(a[0])) {
                throw a[0] instanceof Undefined undefined
                        ? undefined.fault()
                        : Fault.type("type " + Values.typeName(a[0]) + " doesn't define __round__ method");
            }
            if (a[1] == None.NONE) {
                return a[0] instanceof Double number ? Numbers.truncate(Math.rint(number)) : Numbers.round(a[0], 0);
            }
            return Numbers.round(a[0], Numbers.index(a[1]));
        }
        Object factor = Operators.power(render, 10L, a[1]);
        Object scaled = Operators.multiply(render, a[0], factor);
        if (scaled instanceof Double number) {
            scaled = Numbers.truncate(method.equals("ceil") ? Math.ceil(number) : Math.floor(number));
        }
        return Operators.divide(scaled, factor);
    }

    private static String fileSize(double bytes, boolean binary) {
        int base = binary ? 1024 : 1000;
        if (bytes == 1) {
            return "1 Byte";
        }
        if (bytes < base || Double.isNaN(bytes)) {
            return Numbers.truncate(bytes) + " Bytes";
        }
        String prefixes = "kMGTPEZY";
        double unit = base;
        String prefix = "";
        for (int i = 0; i < prefixes.length(); i++) {
            unit *= base;
            prefix = binary ? Character.toUpperCase(prefixes.charAt(i)) + "iB" : prefixes.charAt(i) + "B";
            if (bytes < unit) {
                break;
            }
        }
        double size = base * bytes / unit;
        return (Double.isFinite(size) ? FloatText.fixed(size, 1, false) : FloatText.notFinite(size)) + " " + prefix;
    }
}
