package awl.bench;

import awl.kernel.HeadLoss;
import awl.kernel.HeadOptions;
import awl.kernel.TorchKernels;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Kernels whose gradient of the hidden states is a thousandth too large.
public final class WrongHead extends TorchKernels {
    @Override
    public HeadLoss linearCrossEntropy(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_N,
            Tensor weights_N,
            Tensor activeRows_A,
            @Nullable Tensor headGradient_VD,
            HeadOptions options) {
        HeadLoss right = super.linearCrossEntropy(
                hidden_ND, weight_VD, target_N, weights_N, activeRows_A, headGradient_VD, options);
        right.hiddenGradient_ND().mul_(new Scalar(1.001));
        return right;
    }
}
