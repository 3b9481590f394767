package awl.kernel;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Shapes and dtypes of [Kernels#rmsNorm], [Kernels#addRmsNorm] and their gradients, checked the same way by every
/// implementation.
final class RmsNormArguments {

    private RmsNormArguments() {}

    static void forward(Tensor x_ND, Tensor weight_D, Tensor y_ND, Tensor inverseRms_N) {
        rows(x_ND, y_ND, inverseRms_N);
        if (Arguments.dtype(x_ND) == ScalarType.Float) {
            weight(x_ND, weight_D, ScalarType.Float, ScalarType.BFloat16);
        } else {
            weight(x_ND, weight_D, Arguments.dtype(x_ND));
        }
    }

    private static void weight(Tensor x_ND, Tensor weight_D, ScalarType... allowed) {
        Arguments.shape(weight_D, "weight", "(D)", x_ND.size(1));
        Arguments.dtype(weight_D, "weight", allowed);
        Arguments.dense(weight_D, "weight");
    }

    private static void rows(Tensor x_ND, Tensor y_ND, Tensor inverseRms_N) {
        Arguments.rank(x_ND, "x", "(N, D)", 2);
        Arguments.dtype(x_ND, "x", ScalarType.Float, ScalarType.BFloat16, ScalarType.Double);
        ScalarType storage = Arguments.dtype(x_ND);
        Arguments.dense(x_ND, "x");
        like(y_ND, "y", x_ND);
        Arguments.shape(inverseRms_N, "inverse rms", "(N)", x_ND.size(0));
        Arguments.dtype(inverseRms_N, "inverse rms", Arguments.accumulator(storage));
        Arguments.dense(inverseRms_N, "inverse rms");
    }

    static void backward(
            Tensor outputGradient_ND,
            Tensor x_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D) {
        rows(x_ND, inputGradient_ND, inverseRms_N);
        weight(x_ND, weight_D, Arguments.dtype(x_ND));
        like(outputGradient_ND, "output gradient", x_ND);
        if (weightGradient_D != null) {
            Arguments.shape(weightGradient_D, "weight gradient", "(D)", x_ND.size(1));
            Arguments.dtype(weightGradient_D, "weight gradient", Arguments.dtype(inverseRms_N));
            Arguments.dense(weightGradient_D, "weight gradient");
        }
    }

    static void sum(Tensor x_ND, Tensor branch_ND, Tensor weight_D, Tensor sum_ND, Tensor y_ND, Tensor inverseRms_N) {
        forward(x_ND, weight_D, y_ND, inverseRms_N);
        like(branch_ND, "branch", x_ND);
        like(sum_ND, "sum", x_ND);
    }

    static void sumBackward(
            Tensor outputGradient_ND,
            Tensor sumGradient_ND,
            Tensor sum_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D) {
        backward(outputGradient_ND, sum_ND, weight_D, inverseRms_N, inputGradient_ND, weightGradient_D);
        like(sumGradient_ND, "sum gradient", sum_ND);
    }

    /// Another matrix of the shape and dtype of `x`.
    private static void like(Tensor tensor_ND, String name, Tensor x_ND) {
        Arguments.shape(tensor_ND, name, "(N, D)", x_ND.size(0), x_ND.size(1));
        Arguments.dtype(tensor_ND, name, Arguments.dtype(x_ND));
        Arguments.dense(tensor_ND, name);
    }
}
