package awl.kernel;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// [Kernels#matrixProduct] on a CUDA device by libtorch: operands in one dtype, as matrix units take them, sums in
/// float32, the result in its own dtype without a pass over it.
///
/// Beside a bfloat16 operand or result a float32 operand is rounded to bfloat16, as PyTorch's autocast does:
/// that is the low-rank adapter of a bfloat16 model.
final class CudaProduct {

    private CudaProduct() {}

    /// What both operands are multiplied in.
    static ScalarType operands(ScalarType left, ScalarType right, ScalarType out) {
        boolean narrow = left == ScalarType.BFloat16 || right == ScalarType.BFloat16 || out == ScalarType.BFloat16;
        return narrow ? ScalarType.BFloat16 : out;
    }

    static void multiply(Tensor left_NK, Tensor right_KM, double scale, boolean add, Tensor out_NM) {
        ScalarType stored = Arguments.dtype(out_NM);
        ScalarType operands = operands(Arguments.dtype(left_NK), Arguments.dtype(right_KM), stored);
        try (PointerScope _ = new PointerScope();
                NoGradGuard _ = new NoGradGuard()) {
            Tensor left = left_NK.to(operands);
            Tensor right = right_KM.to(operands);
            boolean plain = !add && scale == 1;
            Scalar beta = new Scalar(add ? 1.0 : 0.0);
            Scalar alpha = new Scalar(scale);
            if (operands == stored) {
                if (plain) {
                    torch.mm_out(out_NM, left, right);
                } else {
                    out_NM.addmm_(left, right, beta, alpha);
                }
            } else if (plain) {
                torch.mm_out(out_NM, left, right, stored);
            } else {
                torch.addmm_out(out_NM, out_NM, left, right, stored, beta, alpha);
            }
        }
    }
}
