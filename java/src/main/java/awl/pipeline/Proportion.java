package awl.pipeline;

import awl.report.Estimate;
import java.util.Collection;
import java.util.Locale;
import java.util.function.Predicate;

/// A share with its Wilson 95 % interval.
record Proportion(int hits, int count) {

    private static final double Z = 1.959963984540054;

    static <T> Proportion of(Collection<T> of, Predicate<T> what) {
        return new Proportion((int) of.stream().filter(what).count(), of.size());
    }

    /// NaN where there is nothing to count.
    double value() {
        return count == 0 ? Double.NaN : (double) hits / count;
    }

    double low() {
        return centre() - half();
    }

    double high() {
        return centre() + half();
    }

    Estimate estimate() {
        return count == 0 ? Estimate.UNDEFINED : new Estimate(value(), Math.max(0, low()), Math.min(1, high()));
    }

    private double centre() {
        return (value() + Z * Z / (2 * count)) / (1 + Z * Z / count);
    }

    private double half() {
        double p = value();
        return Z * Math.sqrt(p * (1 - p) / count + Z * Z / (4.0 * count * count)) / (1 + Z * Z / count);
    }

    /// In percent: `35.4 [31.8, 39.1]`, or `-` where there is nothing to count.
    @Override
    public String toString() {
        return count == 0
                ? "-"
                : String.format(
                        Locale.ROOT,
                        "%.1f [%.1f, %.1f]",
                        100 * value(),
                        100 * Math.max(0, low()),
                        100 * Math.min(1, high()));
    }
}
