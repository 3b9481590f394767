package awl.kernel;

import awl.ShapeException;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Shapes and dtypes of [Kernels#rope], checked the same way by every implementation.
final class RopeArguments {

    private RopeArguments() {}

    static void check(Tensor x_NHE, Tensor cosine_NR, Tensor sine_NR) {
        Arguments.rank(x_NHE, "x", "(N, H, E)", 3);
        Arguments.dtype(x_NHE, "x", ScalarType.Float, ScalarType.BFloat16, ScalarType.Double);
        Arguments.rank(cosine_NR, "cosine", "(N, R)", 2);
        long rotated = cosine_NR.size(1);
        if (rotated % 2 != 0 || rotated > x_NHE.size(2)) {
            throw new ShapeException(
                    "cosine: expected an even number of columns, at most %d, got %d".formatted(x_NHE.size(2), rotated));
        }
        if (x_NHE.size(2) > 1 && x_NHE.stride(2) != 1) {
            throw new ShapeException(
                    "x: expected the numbers of a head next to each other, got stride %d".formatted(x_NHE.stride(2)));
        }
        ScalarType angles = Arguments.accumulator(Arguments.dtype(x_NHE));
        angles(cosine_NR, "cosine", x_NHE.size(0), rotated, angles);
        angles(sine_NR, "sine", x_NHE.size(0), rotated, angles);
    }

    private static void angles(Tensor tensor, String name, long tokens, long rotated, ScalarType dtype) {
        Arguments.shape(tensor, name, "(N, R)", tokens, rotated);
        Arguments.dtype(tensor, name, dtype);
        Arguments.dense(tensor, name);
    }
}
