package awl.data;

/// SplitMix64 (Steele, Lea, Flood 2014): eight lines that give the same numbers on every machine and JDK.
public final class SplitMix {

    private static final long GOLDEN = 0x9E3779B97F4A7C15L;

    private long state;

    public SplitMix(long seed) {
        this.state = seed;
    }

    /// The next 64 bits.
    public long next() {
        long out = mix(state); // mix adds GOLDEN itself
        state += GOLDEN;
        return out;
    }

    /// A number in `[0, bound)`, unbiased.
    public int below(int bound) {
        long limit = (1L << 62) / bound * bound;
        long draw = next() >>> 2;
        while (draw >= limit) {
            draw = next() >>> 2;
        }
        return (int) (draw % bound);
    }

    /// A number in `[0, 1)` with 53 random bits.
    public double fraction() {
        return (next() >>> 11) * 0x1p-53;
    }

    /// Scrambles 64 bits one to one: neighbouring seeds give unrelated streams.
    public static long mix(long value) {
        long z = value + GOLDEN;
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
