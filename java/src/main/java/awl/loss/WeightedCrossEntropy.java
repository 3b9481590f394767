package awl.loss;

import awl.kernel.HeadLoss;
import awl.kernel.HeadOptions;
import awl.kernel.Kernels;
import awl.model.Head;
import awl.model.TokenBatch;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// `scale * sum_n w_n (-log p(target_n))` over the rows with a weight, with the gradients of hidden states and
/// head.
///
/// The weights come finished from [awl.data.Weighting] and the scale is one over the step's normaliser, so this
/// is all that supervised and mixed objectives need. The full logits are never held: see
/// [Kernels#linearCrossEntropy].
public final class WeightedCrossEntropy {

    private final Kernels kernels;

    public WeightedCrossEntropy(Kernels kernels) {
        this.kernels = kernels;
    }

    /// Loss and gradients of a micro-batch; the head's gradient is added to its parameter unless that is
    /// frozen.
    ///
    /// @param hidden_ND hidden states behind the final norm
    public LossResult at(Head head, Tensor hidden_ND, TokenBatch in, double scale) {
        Tensor weights_N = scale == 1 ? in.weights_N() : in.weights_N().mul(new Scalar(scale));
        Parameter weight = head.weight();
        HeadLoss loss = kernels.linearCrossEntropy(
                hidden_ND,
                weight.value(),
                in.targets_N(),
                weights_N,
                in.activeRows_A(),
                weight.gradient(),
                options(head, hidden_ND));
        weight.added();
        return new LossResult(loss.lossSum(), loss.hiddenGradient_ND(), loss.logProb_A());
    }

    /// Log-probabilities of the active rows' targets, `[A]`, fp32.
    public Tensor logProb(Head head, Tensor hidden_ND, TokenBatch in) {
        return kernels.score(
                        hidden_ND, head.weight().value(), in.targets_N(), in.activeRows_A(), options(head, hidden_ND))
                .logProb_A();
    }

    private static HeadOptions options(Head head, Tensor hidden_ND) {
        return HeadOptions.standard(DeviceHandle.of(hidden_ND)).withSoftCap(head.softCap());
    }
}
