package awl.tensor;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Matrix products as the engine needs them: sums over the inner axis in float32 (float64) whatever is stored, one
/// rounding at the end, accumulation inside the GEMM.
public final class Gemm {

    private Gemm() {}

    /// `left right`, in the dtype of the arguments.
    public static Tensor product(Tensor left, Tensor right) {
        return torch.mm(left, right);
    }

    /// `sum += scale left right`. A float32 sum takes bfloat16 arguments: they are widened first, so that no partial
    /// sum is rounded to bfloat16.
    public static void addProduct(Tensor sum, Tensor left, Tensor right, Scalar scale) {
        ScalarType dtype = Tensors.dtype(sum);
        if (Tensors.dtype(left) == dtype && Tensors.dtype(right) == dtype) {
            sum.addmm_(left, right, Scalars.ONE, scale);
            return;
        }
        try (TensorScope scope = TensorScope.open()) {
            sum.addmm_(left.to(dtype), right.to(dtype), Scalars.ONE, scale);
        }
    }

    /// `out = left right`, written whatever `out` held.
    public static void productInto(Tensor out, Tensor left, Tensor right) {
        ScalarType dtype = Tensors.dtype(out);
        if (Tensors.dtype(left) == dtype && Tensors.dtype(right) == dtype) {
            torch.mm_out(out, left, right);
            return;
        }
        try (TensorScope scope = TensorScope.open()) {
            torch.mm_out(out, left.to(dtype), right.to(dtype));
        }
    }
}
