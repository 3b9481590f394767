package awl.token.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.math.RoundingMode;

/// Python's arithmetic: integers without bound (kept as `Long` where they fit), floats as `Double`, booleans
/// as 0 and 1, division that rounds towards minus infinity.
final class Numbers {
    private static final BigInteger LONG_MIN = BigInteger.valueOf(Long.MIN_VALUE);
    private static final BigInteger LONG_MAX = BigInteger.valueOf(Long.MAX_VALUE);
    private static final MathContext QUOTIENT = new MathContext(60, RoundingMode.HALF_EVEN);

    private static final int MAX_EXACT_EXPONENT = 400;

    private Numbers() {}

    static boolean isNumber(Object value) {
        return value instanceof Long
                || value instanceof Double
                || value instanceof Boolean
                || value instanceof BigInteger;
    }

    static boolean isInteger(Object value) {
        return value instanceof Long || value instanceof Boolean || value instanceof BigInteger;
    }

    static Object narrow(BigInteger value) {
        return value.compareTo(LONG_MIN) >= 0 && value.compareTo(LONG_MAX) <= 0 ? (Object) value.longValue() : value;
    }

    static BigInteger big(Object value) {
        return switch (value) {
            case Long number -> BigInteger.valueOf(number);
            case Boolean flag -> flag ? BigInteger.ONE : BigInteger.ZERO;
            case BigInteger number -> number;
            default -> throw Fault.type("'" + Values.typeName(value) + "' object cannot be interpreted as an integer");
        };
    }

    /// Python's `operator.index`, for positions, widths and counts.
    static long index(Object value) {
        return switch (value) {
            case Long number -> number;
            case Boolean flag -> flag ? 1 : 0;
            case BigInteger _ -> throw Fault.arithmetic("Python int too large to convert to C ssize_t");
            default -> throw Fault.type("'" + Values.typeName(value) + "' object cannot be interpreted as an integer");
        };
    }

    static double toDouble(Object value) {
        return switch (value) {
            case Double number -> number;
            case Long number -> number;
            case Boolean flag -> flag ? 1 : 0;
            case BigInteger number -> {
                double rounded = number.doubleValue();
                if (Double.isInfinite(rounded)) {
                    throw Fault.arithmetic("int too large to convert to float");
                }
                yield rounded;
            }
            default -> throw Fault.type("must be real number, not " + Values.typeName(value));
        };
    }

    /// Exact order between any two numbers; meaningless where one of them is not a number in the IEEE sense.
    static int compare(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return Long.compare(x, y);
        }
        if (a instanceof Double || b instanceof Double) {
            double x = a instanceof Double d ? d : Double.NaN;
            double y = b instanceof Double d ? d : Double.NaN;
            if (a instanceof Double && b instanceof Double) {
                return x < y ? -1 : x > y ? 1 : 0;
            }
            if (a instanceof Double) {
                return Double.isInfinite(x) ? (x > 0 ? 1 : -1) : new BigDecimal(x).compareTo(new BigDecimal(big(b)));
            }
            return Double.isInfinite(y) ? (y > 0 ? -1 : 1) : new BigDecimal(big(a)).compareTo(new BigDecimal(y));
        }
        return big(a).compareTo(big(b));
    }

    static boolean isNaN(Object value) {
        return value instanceof Double number && number.isNaN();
    }

    static Object add(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            return toDouble(a) + toDouble(b);
        }
        return narrow(big(a).add(big(b)));
    }

    static Object subtract(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            return toDouble(a) - toDouble(b);
        }
        return narrow(big(a).subtract(big(b)));
    }

    static Object multiply(Render render, Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            return toDouble(a) * toDouble(b);
        }
        BigInteger x = big(a);
        BigInteger y = big(b);
        render.checkBits((long) x.bitLength() + y.bitLength());
        return narrow(x.multiply(y));
    }

    static Object divide(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            double divisor = toDouble(b);
            if (divisor == 0) {
                throw Fault.arithmetic("float division by zero");
            }
            return toDouble(a) / divisor;
        }
        BigInteger divisor = big(b);
        if (divisor.signum() == 0) {
            throw Fault.arithmetic("division by zero");
        }
        if (big(a).signum() == 0) {
            return divisor.signum() < 0 ? -0.0 : 0.0;
        }
        double quotient =
                new BigDecimal(big(a)).divide(new BigDecimal(divisor), QUOTIENT).doubleValue();
        if (Double.isInfinite(quotient)) {
            throw Fault.arithmetic("integer division result too large for a float");
        }
        return quotient;
    }

    static Object floorDivide(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            double x = toDouble(a);
            double y = toDouble(b);
            if (y == 0) {
                throw Fault.arithmetic("float floor division by zero");
            }
            double remainder = x % y;
            double quotient = (x - remainder) / y;
            if (remainder != 0 && (y < 0) != (remainder < 0)) {
                quotient -= 1;
            }
            if (quotient == 0) {
                return Math.copySign(0.0, x / y);
            }
            double floor = Math.floor(quotient);
            return quotient - floor > 0.5 ? floor + 1 : floor;
        }
        return narrow(floorDivideBig(big(a), big(b))[0]);
    }

    static Object modulo(Object a, Object b) {
        if (a instanceof Double || b instanceof Double) {
            double divisor = toDouble(b);
            if (divisor == 0) {
                throw Fault.arithmetic("float modulo");
            }
            return floatModulo(toDouble(a), divisor);
        }
        return narrow(floorDivideBig(big(a), big(b))[1]);
    }

    private static double floatModulo(double x, double y) {
        double remainder = x % y;
        if (remainder == 0) {
            return Math.copySign(0.0, y);
        }
        return (y < 0) != (remainder < 0) ? remainder + y : remainder;
    }

    private static BigInteger[] floorDivideBig(BigInteger a, BigInteger b) {
        if (b.signum() == 0) {
            throw Fault.arithmetic("integer division or modulo by zero");
        }
        BigInteger[] parts = a.divideAndRemainder(b);
        if (parts[1].signum() != 0 && parts[1].signum() != b.signum()) {
            parts[0] = parts[0].subtract(BigInteger.ONE);
            parts[1] = parts[1].add(b);
        }
        return parts;
    }

    static Object power(Render render, Object a, Object b) {
        if (isInteger(a) && isInteger(b) && big(b).signum() >= 0) {
            BigInteger base = big(a);
            BigInteger exponent = big(b);
            if (base.bitLength() <= 1 && base.signum() >= 0 || base.equals(BigInteger.ONE.negate())) {
                // 0, 1 and -1 stay small whatever the exponent
                boolean one =
                        exponent.signum() == 0 || base.signum() > 0 || (base.signum() < 0 && !exponent.testBit(0));
                return one ? 1L : base.signum() == 0 ? (Object) 0L : (Object) (-1L);
            }
            render.checkBits(exponent.bitLength() > 31 ? Long.MAX_VALUE : base.bitLength() * exponent.longValue());
            return narrow(base.pow(exponent.intValueExact()));
        }
        double base = toDouble(a);
        double exponent = toDouble(b);
        if (base == 0 && exponent < 0) {
            throw Fault.arithmetic("0.0 cannot be raised to a negative power");
        }
        if (base == 1) {
            return 1.0;
        }
        if (base < 0 && Double.isFinite(base) && Double.isFinite(exponent) && exponent != Math.rint(exponent)) {
            throw Fault.value("the result would be a complex number");
        }
        double result = realPower(base, exponent);
        if (Double.isInfinite(result) && Double.isFinite(base) && Double.isFinite(exponent)) {
            throw Fault.arithmetic("Numerical result out of range");
        }
        return result;
    }

    /// Whole exponents, which Java's own function may miss by the last bit, are computed exactly and rounded
    /// once.
    private static double realPower(double base, double exponent) {
        boolean whole = Double.isFinite(base)
                && base != 0
                && exponent == Math.rint(exponent)
                && Math.abs(exponent) <= MAX_EXACT_EXPONENT;
        if (!whole) {
            return exponent == 0.5 ? Math.sqrt(base) : Math.pow(base, exponent);
        }
        BigDecimal power = new BigDecimal(base).pow((int) Math.abs(exponent), QUOTIENT);
        return (exponent < 0 ? BigDecimal.ONE.divide(power, QUOTIENT) : power).doubleValue();
    }

    static Object negate(Object value) {
        return value instanceof Double number
                ? (Object) (-number)
                : narrow(big(value).negate());
    }

    static Object absolute(Object value) {
        return value instanceof Double number
                ? (Object) Math.abs(number)
                : narrow(big(value).abs());
    }

    /// A finite float cut to an integer.
    static Object truncate(double value) {
        if (Double.isNaN(value)) {
            throw Fault.value("cannot convert float NaN to integer");
        }
        if (Double.isInfinite(value)) {
            throw Fault.arithmetic("cannot convert float infinity to integer");
        }
        return narrow(new BigDecimal(value).toBigInteger());
    }

    /// Python's `round(value, digits)`: halves to even, judged on the exact binary value.
    static Object round(Object value, long digits) {
        if (value instanceof Double number) {
            if (!Double.isFinite(number) || digits > 400) {
                return number;
            }
            if (digits < -400) {
                return Math.copySign(0.0, number);
            }
            double rounded = new BigDecimal(number)
                    .setScale((int) digits, RoundingMode.HALF_EVEN)
                    .doubleValue();
            return rounded == 0 ? Math.copySign(0.0, number) : rounded;
        }
        if (digits >= 0) {
            return narrow(big(value));
        }
        if (digits < -10_000) {
            return 0L;
        }
        return narrow(new BigDecimal(big(value))
                .setScale((int) digits, RoundingMode.HALF_EVEN)
                .toBigInteger());
    }
}
