package awl.optim;

import static org.bytedeco.pytorch.global.torch.linalg_vector_norm;

import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The Euclidean norm of all gradients together, and the factor that clips it. One pass over the gradients;
/// everything stays on the device.
///
/// libtorch sums a tensor's squares in fp32: on 28 million elements it was off by 3e-3. So rows of 4096 are
/// summed in fp32 and their sums in fp64, which costs a third more time and is exact to 1e-9.
public final class GradientNorm {

    private static final long ROW = 4096;

    private static final double TINY = 1e-6;

    private GradientNorm() {}

    /// @param gradients floating tensors of any shape, contiguous
    /// @return 0-d fp64, owned by the caller's scope
    public static Tensor of(List<Tensor> gradients) {
        Tensor total = torch.zeros(new long[0], new TensorOptions(ScalarType.Double));
        Scalar two = new Scalar(2.0);
        for (Tensor gradient : gradients) {
            try (PointerScope scope = new PointerScope()) {
                long count = gradient.numel();
                long rows = count / ROW;
                Tensor flat = gradient.view(-1);
                if (rows > 0) {
                    addSquares(total, flat.narrow(0, 0, rows * ROW).view(rows, ROW), two);
                }
                if (count > rows * ROW) {
                    addSquares(
                            total,
                            flat.narrow(0, rows * ROW, count - rows * ROW).view(1, -1),
                            two);
                }
            }
        }
        return total.sqrt_();
    }

    private static void addSquares(Tensor total, Tensor matrix, Scalar two) {
        Tensor norms = linalg_vector_norm(matrix, two, new long[] {1}, false, new ScalarTypeOptional(ScalarType.Float));
        total.add_(norms.to(ScalarType.Double).square_().sum());
    }

    /// What gradients are divided by so that their norm is at most `maxNorm`: `max(1, (norm + 1e-6) /
    /// maxNorm)`, as in PyTorch's `clip_grad_norm_`. Zero or less means no clipping.
    ///
    /// @return 0-d fp32
    public static Tensor divisor(Tensor norm, double maxNorm) {
        if (maxNorm <= 0) {
            return torch.ones(new long[0], new TensorOptions(ScalarType.Float));
        }
        return norm.add(new Scalar(TINY))
                .div_(new Scalar(maxNorm))
                .clamp_min_(new Scalar(1.0))
                .to(ScalarType.Float);
    }
}
