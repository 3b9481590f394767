package awl.token.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/// Floats as text: the shortest form that reads back the same, as Python prints it, and the fixed forms of
/// formatting.
final class FloatText {
    private static final int LAST_PLAIN_EXPONENT = 16;
    private static final int FIRST_PLAIN_EXPONENT = -4;

    private FloatText() {}

    /// Decimal digits without leading or trailing zeros, and the power of ten of the first of them.
    private record Decimal(String digits, int exponent) {}

    static String repr(double value) {
        if (!Double.isFinite(value)) {
            return notFinite(value);
        }
        if (value == 0) {
            return 1 / value < 0 ? "-0.0" : "0.0";
        }
        String sign = value < 0 ? "-" : "";
        Decimal shortest = shortest(Math.abs(value));
        if (shortest.exponent < FIRST_PLAIN_EXPONENT || shortest.exponent >= LAST_PLAIN_EXPONENT) {
            return sign + scientific(shortest, 'e');
        }
        String plain = plain(shortest);
        return sign + (plain.indexOf('.') < 0 ? plain + ".0" : plain);
    }

    static String notFinite(double value) {
        return Double.isNaN(value) ? "nan" : value > 0 ? "inf" : "-inf";
    }

    private static Decimal shortest(double value) {
        BigDecimal exact = new BigDecimal(Double.toString(value)).stripTrailingZeros();
        String digits = exact.unscaledValue().toString();
        int exponent = exact.precision() - exact.scale() - 1;
        if (digits.length() == 2) {
            // Java insists on two digits where one is enough (4.9E-324 for 5e-324)
            BigDecimal one = exact.round(new MathContext(1, RoundingMode.HALF_UP));
            if (one.doubleValue() == value) {
                one = one.stripTrailingZeros();
                return new Decimal(one.unscaledValue().toString(), one.precision() - one.scale() - 1);
            }
        }
        return new Decimal(digits, exponent);
    }

    private static String scientific(Decimal value, char e) {
        String digits = value.digits;
        String mantissa = digits.length() == 1 ? digits : digits.charAt(0) + "." + digits.substring(1);
        return mantissa + exponent(value.exponent, e);
    }

    private static String exponent(int exponent, char e) {
        int size = Math.abs(exponent);
        return e + (exponent < 0 ? "-" : "+") + (size < 10 ? "0" + size : Integer.toString(size));
    }

    private static String plain(Decimal value) {
        String digits = value.digits;
        int point = value.exponent + 1;
        if (point <= 0) {
            return "0." + "0".repeat(-point) + digits;
        }
        if (point >= digits.length()) {
            return digits + "0".repeat(point - digits.length());
        }
        return digits.substring(0, point) + "." + digits.substring(point);
    }

    /// `%.{precision}f` of a finite value that is not negative.
    static String fixed(double value, int precision, boolean keepPoint) {
        String text = new BigDecimal(value)
                .setScale(precision, RoundingMode.HALF_EVEN)
                .toPlainString();
        return precision == 0 && keepPoint ? text + "." : text;
    }

    /// `%.{precision}e` of a finite value that is not negative.
    static String exponential(double value, int precision, boolean keepPoint, char e) {
        BigDecimal exact = new BigDecimal(value);
        int power = 0;
        String digits = "0".repeat(precision + 1);
        if (value != 0) {
            BigDecimal rounded = exact.round(new MathContext(precision + 1, RoundingMode.HALF_EVEN));
            power = rounded.precision() - rounded.scale() - 1;
            StringBuilder padded = new StringBuilder(rounded.unscaledValue().toString());
            while (padded.length() < precision + 1) {
                padded.append('0');
            }
            digits = padded.substring(0, precision + 1);
        }
        String mantissa =
                precision == 0 ? digits + (keepPoint ? "." : "") : digits.charAt(0) + "." + digits.substring(1);
        return mantissa + exponent(power, e);
    }

    /// `%.{precision}g` of a finite value that is not negative; `alternate` keeps trailing zeros and the
    /// point.
    static String general(double value, int precision, boolean alternate, char e) {
        return general(value, precision, alternate, e, 0);
    }

    /// @param reserved digits of the precision kept for what follows the point, where it must not be dropped
    private static String general(double value, int precision, boolean alternate, char e, int reserved) {
        int wanted = Math.max(1, precision);
        int power = 0;
        String digits = "0";
        if (value != 0) {
            BigDecimal rounded = new BigDecimal(value).round(new MathContext(wanted, RoundingMode.HALF_EVEN));
            power = rounded.precision() - rounded.scale() - 1;
            digits = rounded.unscaledValue().toString();
        }
        StringBuilder padded = new StringBuilder(digits);
        while (padded.length() < wanted) {
            padded.append('0');
        }
        padded.setLength(wanted);
        if (!alternate) {
            while (padded.length() > 1 && padded.charAt(padded.length() - 1) == '0') {
                padded.setLength(padded.length() - 1);
            }
        }
        Decimal decimal = new Decimal(padded.toString(), power);
        boolean plain = power >= FIRST_PLAIN_EXPONENT && power < wanted - reserved;
        String text = plain ? plain(decimal) : scientific(decimal, e);
        if (!alternate || text.indexOf('.') >= 0) {
            return text;
        }
        int mark = plain ? text.length() : text.indexOf(e);
        return text.substring(0, mark) + "." + text.substring(mark);
    }

    /// `str.format` with a precision but without a type: `g` that always shows a point or an exponent.
    static String unspecified(double value, int precision, boolean alternate) {
        String text = general(value, precision, alternate, 'e', 1);
        return text.indexOf('e') < 0 && text.indexOf('.') < 0 ? text + ".0" : text;
    }

    /// `float.hex`.
    static String hex(double value) {
        if (!Double.isFinite(value)) {
            return notFinite(value);
        }
        String sign = value < 0 || 1 / value < 0 ? "-" : "";
        if (value == 0) {
            return sign + "0x0.0p+0";
        }
        long bits = Double.doubleToLongBits(value);
        long mantissa = bits & 0xfffffffffffffL;
        int power = (int) ((bits >> 52) & 0x7ff);
        boolean subnormal = power == 0;
        int exponent = subnormal ? -1022 : power - 1023;
        return sign + "0x" + (subnormal ? 0 : 1) + "." + String.format("%013x", mantissa) + "p"
                + (exponent < 0 ? "-" : "+") + Math.abs(exponent);
    }

    /// `float.as_integer_ratio`.
    static Tuple ratio(double value) {
        if (Double.isNaN(value)) {
            throw Fault.value("cannot convert NaN to integer ratio");
        }
        if (Double.isInfinite(value)) {
            throw Fault.arithmetic("cannot convert Infinity to integer ratio");
        }
        BigDecimal exact = new BigDecimal(value);
        BigInteger denominator = BigInteger.TEN.pow(Math.max(0, exact.scale()));
        BigInteger numerator = exact.movePointRight(Math.max(0, exact.scale())).toBigInteger();
        BigInteger divisor = numerator.gcd(denominator);
        return Tuple.of(Numbers.narrow(numerator.divide(divisor)), Numbers.narrow(denominator.divide(divisor)));
    }
}
