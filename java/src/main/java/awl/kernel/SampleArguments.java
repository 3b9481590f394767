package awl.kernel;

import awl.ShapeException;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Shapes and dtypes of [Kernels#sample].
final class SampleArguments {

    private SampleArguments() {}

    static void check(Tensor logits_BV, Tensor settings_B4, Tensor uniform_B, Tensor id_B, Tensor logProb_B) {
        Arguments.rank(logits_BV, "logits", "(B, V)", 2);
        Arguments.dtype(logits_BV, "logits", ScalarType.Float);
        long b = logits_BV.size(0);
        if (b > 0 && logits_BV.size(1) == 0) {
            throw new ShapeException("logits: expected at least one class, got none");
        }
        dense(settings_B4, "settings", ScalarType.Double, "(B, 4)", b, 4);
        dense(uniform_B, "uniform", ScalarType.Double, "(B)", b);
        dense(id_B, "id", ScalarType.Long, "(B)", b);
        dense(logProb_B, "logProb", ScalarType.Float, "(B)", b);
    }

    private static void dense(Tensor tensor, String name, ScalarType dtype, String axes, long... shape) {
        Arguments.shape(tensor, name, axes, shape);
        Arguments.dtype(tensor, name, dtype);
        Arguments.dense(tensor, name);
    }
}
