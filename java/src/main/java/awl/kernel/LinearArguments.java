package awl.kernel;

import awl.ShapeException;
import awl.tensor.BlockMatrix;
import awl.tensor.Shapes;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Shapes and dtypes of [Kernels#linear] and [Kernels#matrixProduct]. The former runs a few hundred times for every
/// token that is generated, so it
/// looks at single sizes and makes no arrays of them.
final class LinearArguments {

    /// `AWL_MOST_WEIGHTS` of kernels.h.
    private static final int MOST_WEIGHTS = 4;

    private LinearArguments() {}

    static void product(Tensor left_NK, Tensor right_KM, Tensor out_NM) {
        if (left_NK.dim() != 2 || right_KM.dim() != 2 || out_NM.dim() != 2) {
            throw new ShapeException("matrix product: expected three matrices, got %d, %d and %d axes"
                    .formatted(left_NK.dim(), right_KM.dim(), out_NM.dim()));
        }
        if (left_NK.size(1) != right_KM.size(0)
                || left_NK.size(0) != out_NM.size(0)
                || right_KM.size(1) != out_NM.size(1)) {
            throw new ShapeException(
                    "matrix product: expected (N, K), (K, M) and (N, M), got (%d, %d), (%d, %d) and (%d, %d)"
                            .formatted(
                                    left_NK.size(0),
                                    left_NK.size(1),
                                    right_KM.size(0),
                                    right_KM.size(1),
                                    out_NM.size(0),
                                    out_NM.size(1)));
        }
        boolean mixed = isNarrow(left_NK) && isNarrow(right_KM) && isNarrow(out_NM);
        if (!mixed && !sameDtype(left_NK, right_KM, out_NM)) {
            throw new ShapeException(
                    "matrix product: expected float32 and bfloat16, or float64 alone, got %s, %s and %s"
                            .formatted(Arguments.dtype(left_NK), Arguments.dtype(right_KM), Arguments.dtype(out_NM)));
        }
    }

    /// float32 and bfloat16 may stand in one product.
    private static boolean isNarrow(Tensor tensor) {
        ScalarType dtype = Arguments.dtype(tensor);
        return dtype == ScalarType.Float || dtype == ScalarType.BFloat16;
    }

    private static boolean sameDtype(Tensor first, Tensor second, Tensor third) {
        ScalarType dtype = Arguments.dtype(first);
        return Arguments.dtype(second) == dtype && Arguments.dtype(third) == dtype;
    }

    static void blocks(Tensor x_ND, List<BlockMatrix> weights, Tensor y_NO) {
        sideBySide("linearBlocks", x_ND, weights.size(), y_NO);
        long outputs = 0;
        for (BlockMatrix weight : weights) {
            outputs += weight.rows();
            if (weight.columns() != x_ND.size(1)) {
                throw new ShapeException("linearBlocks: expected weights of %d columns, got %s of %d"
                        .formatted(x_ND.size(1), weight, weight.columns()));
            }
        }
        result("linearBlocks", x_ND, outputs, y_NO);
        if (Arguments.dtype(x_ND) != ScalarType.Float || Arguments.dtype(y_NO) != ScalarType.Float) {
            throw new ShapeException("linearBlocks: expected float32, got x %s, y %s"
                    .formatted(Arguments.dtype(x_ND), Arguments.dtype(y_NO)));
        }
    }

    static void check(Tensor x_ND, List<Tensor> weights_OD, Tensor y_NO) {
        sideBySide("linear", x_ND, weights_OD.size(), y_NO);
        ScalarType rows = Arguments.dtype(x_ND);
        long outputs = 0;
        for (Tensor weight_OD : weights_OD) {
            if (weight_OD.dim() != 2 || weight_OD.size(1) != x_ND.size(1)) {
                throw new ShapeException("linear: expected weights (O, D) of %d columns, got %s"
                        .formatted(x_ND.size(1), Shapes.text(Shapes.of(weight_OD))));
            }
            ScalarType stored = Arguments.dtype(weight_OD);
            boolean widened = rows == ScalarType.Float && stored == ScalarType.BFloat16;
            if (Arguments.dtype(y_NO) != rows || (stored != rows && !widened)) {
                throw new ShapeException(
                        "linear: expected y of x's dtype and weight of the same (or bfloat16 under float32),"
                                + " got x %s, weight %s, y %s".formatted(rows, stored, Arguments.dtype(y_NO)));
            }
            outputs += weight_OD.size(0);
        }
        result("linear", x_ND, outputs, y_NO);
    }

    private static void sideBySide(String call, Tensor x_ND, int matrices, Tensor y_NO) {
        if (matrices < 1 || matrices > MOST_WEIGHTS) {
            throw new ShapeException(call + ": expected 1 to " + MOST_WEIGHTS + " matrices, got " + matrices);
        }
        if (x_ND.dim() != 2 || y_NO.dim() != 2) {
            throw new ShapeException(
                    "%s: expected x and y of two axes, got %d and %d".formatted(call, x_ND.dim(), y_NO.dim()));
        }
    }

    private static void result(String call, Tensor x_ND, long outputs, Tensor y_NO) {
        if (y_NO.size(0) != x_ND.size(0) || y_NO.size(1) != outputs) {
            throw new ShapeException("%s: expected y (%d, %d), got (%d, %d)"
                    .formatted(call, x_ND.size(0), outputs, y_NO.size(0), y_NO.size(1)));
        }
    }
}
