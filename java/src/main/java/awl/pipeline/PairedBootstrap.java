package awl.pipeline;

import awl.report.Estimate;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;

/// Difference of a measure between two models that answered the same questions: questions are resampled, both
/// models on the same ones, so that what is hard for both does not blur it.
final class PairedBootstrap {

    private static final int RESAMPLES = 1000;
    private static final long SEED = 11;

    private PairedBootstrap() {}

    /// @param questions there are
    /// @param of the measure of one model on the questions picked
    /// @param against that of the other
    /// @return `of` minus `against` with its 95 % interval
    static Estimate difference(int questions, ToDoubleFunction<int[]> of, ToDoubleFunction<int[]> against) {
        Estimate found = Bootstrap.estimate(
                questions, RESAMPLES, SEED, picked -> of.applyAsDouble(picked) - against.applyAsDouble(picked));
        return found.hasInterval() ? found : Estimate.UNDEFINED;
    }

    /// Share of true ones among those picked.
    static ToDoubleFunction<int[]> share(List<Boolean> values) {
        return picked -> Arrays.stream(picked).filter(values::get).count() / (double) picked.length;
    }
}
