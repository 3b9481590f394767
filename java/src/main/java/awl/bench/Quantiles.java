package awl.bench;

import java.util.Arrays;
import java.util.List;

/// What is said of samples: their median, and where the middle three fifths of them lie.
///
/// @param p20 a fifth of the samples is below it
/// @param p80 a fifth is above it
public record Quantiles(double least, double p20, double median, double p80, int count) {

    /// Of at least one sample.
    public static Quantiles of(List<Double> samples) {
        if (samples.isEmpty()) {
            throw new IllegalArgumentException("quantiles of no samples");
        }
        double[] sorted =
                samples.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return new Quantiles(sorted[0], at(sorted, 0.2), at(sorted, 0.5), at(sorted, 0.8), sorted.length);
    }

    /// Of the ratios of samples that were taken in the same round: what slows a whole round down is not in them.
    public static Quantiles ofRatios(List<Double> above, List<Double> below) {
        if (above.size() != below.size()) {
            throw new IllegalArgumentException(above.size() + " rounds over " + below.size());
        }
        Double[] ratios = new Double[above.size()];
        Arrays.setAll(ratios, i -> above.get(i) / below.get(i));
        return of(List.of(ratios));
    }

    /// Linear between the two nearest samples, as NumPy's default is.
    private static double at(double[] sorted, double share) {
        double place = share * (sorted.length - 1);
        int below = (int) place;
        int above = Math.min(below + 1, sorted.length - 1);
        double part = place - below;
        return part == 0 ? sorted[below] : sorted[below] * (1 - part) + sorted[above] * part;
    }
}
