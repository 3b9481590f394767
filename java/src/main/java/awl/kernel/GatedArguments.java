package awl.kernel;

import awl.ShapeException;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Shapes and dtypes of [Kernels#gated] and its gradient, checked the same way by every implementation.
final class GatedArguments {

    private GatedArguments() {}

    static void forward(Tensor both_N2F, Tensor out_NF) {
        both(both_N2F, "both");
        Arguments.shape(out_NF, "out", "(N, F)", both_N2F.size(0), both_N2F.size(1) / 2);
        like(out_NF, "out", both_N2F);
    }

    static void backward(Tensor gradient_NF, Tensor both_N2F, Tensor below_N2F) {
        both(both_N2F, "both");
        Arguments.shape(gradient_NF, "gradient", "(N, F)", both_N2F.size(0), both_N2F.size(1) / 2);
        like(gradient_NF, "gradient", both_N2F);
        Arguments.shape(below_N2F, "below", "(N, 2F)", both_N2F.size(0), both_N2F.size(1));
        like(below_N2F, "below", both_N2F);
    }

    private static void both(Tensor tensor, String name) {
        Arguments.rank(tensor, name, "(N, 2F)", 2);
        Arguments.dtype(tensor, name, ScalarType.Float, ScalarType.BFloat16, ScalarType.Double);
        Arguments.dense(tensor, name);
        if (tensor.size(1) % 2 != 0) {
            throw new ShapeException(name + ": expected gate and up of one width, got " + tensor.size(1) + " columns");
        }
    }

    private static void like(Tensor tensor, String name, Tensor other) {
        Arguments.dtype(tensor, name, Arguments.dtype(other));
        Arguments.dense(tensor, name);
    }
}
