package awl.sample;

/// Random numbers without a state: the n-th number of a stream is a function of (seed, stream, n) alone.
///
/// So a request draws the same numbers whatever else runs beside it and however often it was interrupted. The function
/// is SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) with the stream's start hashed from seed and stream number.
final class CounterRandom {

    private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

    private final long start;

    CounterRandom(long seed, long stream) {
        this.start = mix(mix(seed + GOLDEN_GAMMA) ^ mix(stream * GOLDEN_GAMMA + 1));
    }

    /// The n-th number of the stream, uniform in [0, 1) with 53 bits.
    double uniform(long n) {
        return (mix(start + (n + 1) * GOLDEN_GAMMA) >>> 11) * 0x1.0p-53;
    }

    private static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
        return z ^ (z >>> 31);
    }
}
