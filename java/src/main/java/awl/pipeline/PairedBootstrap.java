package awl.pipeline;

import awl.report.Estimate;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/// Difference of a measure between two models that answered the same questions: questions are resampled, both models on
/// the same ones, so that what is hard for both does not blur it.
final class PairedBootstrap {

    private static final int RESAMPLES = 1000;
    private static final long SEED = 11;

    private PairedBootstrap() {}

    /// @param questions there are
    /// @param of the measure of one model on the questions picked
    /// @param against that of the other
    /// @return `of` minus `against` with its 95 % interval
    static Estimate difference(int questions, ToDoubleFunction<int[]> of, ToDoubleFunction<int[]> against) {
        int[] picked = new int[questions];
        Arrays.setAll(picked, i -> i);
        double value = of.applyAsDouble(picked) - against.applyAsDouble(picked);
        Random random = new Random(SEED);
        double[] resampled = new double[RESAMPLES];
        for (int r = 0; r < RESAMPLES; r++) {
            Arrays.setAll(picked, i -> random.nextInt(questions));
            resampled[r] = of.applyAsDouble(picked) - against.applyAsDouble(picked);
        }
        double[] defined = Arrays.stream(resampled)
                .filter(each -> !Double.isNaN(each))
                .sorted()
                .toArray();
        if (Double.isNaN(value) || defined.length == 0) {
            return Estimate.UNDEFINED;
        }
        return new Estimate(value, defined[(int) (0.025 * defined.length)], defined[(int) (0.975 * defined.length)]);
    }

    /// Share of true ones among those picked.
    static ToDoubleFunction<int[]> share(List<Boolean> values) {
        return picked -> Arrays.stream(picked).filter(values::get).count() / (double) picked.length;
    }
}
