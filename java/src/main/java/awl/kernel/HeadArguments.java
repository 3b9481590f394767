package awl.kernel;

import awl.ShapeException;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Shapes and dtypes of [Kernels#linearCrossEntropy], [Kernels#score] and [Kernels#backwardWithWeights].
final class HeadArguments {

    private HeadArguments() {}

    static void check(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            @Nullable Tensor weights_N,
            @Nullable Tensor activeRows_A,
            @Nullable Tensor headGradient_VD,
            HeadOptions options) {
        Arguments.rank(hidden_ND, "hidden", "(N, D)", 2);
        Arguments.rank(weight_VD, "head weight", "(V, D)", 2);
        Arguments.dtype(hidden_ND, "hidden", ScalarType.Float, ScalarType.BFloat16, ScalarType.Double);
        ScalarType storage = Arguments.dtype(hidden_ND);
        ScalarType sums = Arguments.accumulator(storage);
        long rows = hidden_ND.size(0);
        long vocabulary = weight_VD.size(0);
        Arguments.shape(weight_VD, "head weight", "(V, D)", vocabulary, hidden_ND.size(1));
        Arguments.dtype(weight_VD, "head weight", storage);
        Arguments.shape(target_N, "target", "(N)", rows);
        Arguments.dtype(target_N, "target", ScalarType.Long);
        if (weights_N != null) {
            Arguments.shape(weights_N, "weights", "(N)", rows);
            Arguments.dtype(weights_N, "weights", ScalarType.Float, sums);
        }
        if (activeRows_A != null) {
            Arguments.rank(activeRows_A, "active rows", "(A)", 1);
            Arguments.dtype(activeRows_A, "active rows", ScalarType.Long);
            if (activeRows_A.size(0) > rows) {
                throw new ShapeException("active rows: expected at most N=%d distinct rows got %d"
                        .formatted(rows, activeRows_A.size(0)));
            }
        }
        if (headGradient_VD != null) {
            Arguments.shape(headGradient_VD, "head gradient", "(V, D)", vocabulary, hidden_ND.size(1));
            Arguments.dtype(headGradient_VD, "head gradient", sums);
        }
        Tensor bias = options.bias_V();
        if (bias != null) {
            Arguments.shape(bias, "bias", "(V)", vocabulary);
        }
        Tensor biasGradient = options.biasGradient_V();
        if (biasGradient != null) {
            Arguments.shape(biasGradient, "bias gradient", "(V)", vocabulary);
            Arguments.dtype(biasGradient, "bias gradient", sums);
        }
    }

    static void scored(HeadScore score, Tensor activeRows_A) {
        Arguments.shape(score.logProb_A(), "score.logProb", "(A)", activeRows_A.size(0));
        Arguments.shape(score.logSumExp_A(), "score.logSumExp", "(A)", activeRows_A.size(0));
    }

    /// Whether targets of active rows (at least one) are classes. On a device the check would stall it;
    /// there libtorch's own assertion stands.
    static void classes(Tensor target_A, long vocabulary) {
        if (target_A.is_cpu()) {
            long least = target_A.min().item_long();
            long greatest = target_A.max().item_long();
            if (least < 0 || greatest >= vocabulary) {
                throw new ShapeException("target: expected classes in [0, V=%d) on active rows, got %d"
                        .formatted(vocabulary, least < 0 ? least : greatest));
            }
        }
    }
}
