package awl.pipeline;

import awl.report.Estimate;
import java.util.Arrays;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/// The bootstrap over questions: a measure on questions drawn again and again, with replacement.
final class Bootstrap {

    private Bootstrap() {}

    /// The measure on each of the draws, ascending; those on which it is undefined (NaN) are left out.
    ///
    /// @param measure of the questions picked, which must not be kept
    static double[] resampled(int questions, int resamples, long seed, ToDoubleFunction<int[]> measure) {
        Random random = new Random(seed);
        int[] picked = new int[questions];
        double[] values = new double[resamples];
        for (int r = 0; r < resamples; r++) {
            Arrays.setAll(picked, i -> random.nextInt(questions));
            values[r] = measure.applyAsDouble(picked);
        }
        return Arrays.stream(values)
                .filter(each -> !Double.isNaN(each))
                .sorted()
                .toArray();
    }

    /// The measure on all questions with its 95 % interval; without one where it is undefined on every draw.
    static Estimate estimate(int questions, int resamples, long seed, ToDoubleFunction<int[]> measure) {
        int[] all = new int[questions];
        Arrays.setAll(all, i -> i);
        return interval(measure.applyAsDouble(all), resampled(questions, resamples, seed, measure));
    }

    /// @param ascending draws
    static Estimate interval(double value, double[] ascending) {
        int n = ascending.length;
        return Double.isNaN(value) || n == 0
                ? new Estimate(value, Double.NaN, Double.NaN)
                : new Estimate(value, ascending[(int) (0.025 * n)], ascending[(int) (0.975 * n)]);
    }
}
