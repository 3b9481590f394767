package awl.sample;

/// exp for many arguments at or below zero, several times faster than [Math#exp].
///
/// Range reduction to |r| <= ln 2 / 2 and a Taylor polynomial of degree 9: relative error below 1e-11, far below what
/// float logits carry. Arguments below -700 give 0.
final class Exp {

    private static final double LOG2_E = 1 / Math.log(2);
    private static final double LN_2 = Math.log(2);

    /// Adding it rounds a double of moderate size to a whole number, held in the low bits.
    private static final double ROUND = 0x1.8p52;

    private Exp() {}

    static double ofNegative(double x) {
        if (!(x >= -700)) {
            return 0;
        }
        double shifted = x * LOG2_E + ROUND;
        double whole = shifted - ROUND;
        double r = x - whole * LN_2;
        double r2 = r * r;
        double low = 1 + r + r2 * (1.0 / 2 + r * (1.0 / 6));
        double high =
                1.0 / 24 + r * (1.0 / 120) + r2 * (1.0 / 720 + r * (1.0 / 5040) + r2 * (1.0 / 40320 + r / 362880));
        double polynomial = low + r2 * r2 * high;
        // The low bits of `shifted` are the exponent, two's complement.
        return polynomial * Double.longBitsToDouble((Double.doubleToRawLongBits(shifted) + 1023) << 52);
    }
}
