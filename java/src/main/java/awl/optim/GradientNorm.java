package awl.optim;

import awl.kernel.Kernels;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The Euclidean norm of all gradients together, and the factor that clips it. One pass over the gradients;
/// everything stays on the device.
public final class GradientNorm {

    private static final double TINY = 1e-6;

    private GradientNorm() {}

    /// @param gradients floating tensors of any shape, contiguous
    /// @return 0-d fp64, owned by the caller's scope; finite if and only if every gradient is
    public static Tensor of(Kernels kernels, List<Tensor> gradients) {
        return kernels.squaredNorm(gradients).sqrt_();
    }

    /// What gradients are divided by so that their norm is at most `maxNorm`: `max(1, (norm + 1e-6) /
    /// maxNorm)`, as in PyTorch's `clip_grad_norm_`. Zero or less means no clipping.
    ///
    /// @return 0-d fp32
    public static Tensor divisor(Tensor norm, double maxNorm) {
        if (maxNorm <= 0) {
            return torch.ones_like(norm).to(ScalarType.Float);
        }
        return norm.add(new Scalar(TINY))
                .div_(new Scalar(maxNorm))
                .clamp_min_(new Scalar(1.0))
                .to(ScalarType.Float);
    }
}
