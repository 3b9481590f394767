package awl.kernel;

import static awl.kernel.Accuracy.near;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Everything the loss head wrote for a case; gradients start at zero.
record HeadRun(HeadLoss loss, Tensor dHead_VD, @Nullable Tensor dBias_V) {

    static HeadRun of(Kernels kernels, HeadCase c, HeadCase.Inputs in, HeadOptions base) {
        ScalarType sums = Arguments.accumulator(c.dtype());
        Tensor dHead = torch.zeros(new long[] {c.v(), c.d()}).to(sums);
        Tensor dBias =
                in.bias_V() == null ? null : torch.zeros(new long[] {c.v()}).to(sums);
        HeadOptions options =
                base.withSoftCap(c.softCap()).withBias(in.bias_V(), dBias).withPlan(c.plan());
        return new HeadRun(loss(kernels, in, dHead, options), dHead, dBias);
    }

    /// @param dHead_VD added to; null where the head is frozen
    static HeadLoss loss(Kernels kernels, HeadCase.Inputs in, @Nullable Tensor dHead_VD, HeadOptions options) {
        return kernels.linearCrossEntropy(
                in.hidden_ND(), in.weight_VD(), in.target_N(), in.weights_N(), in.activeRows_A(), dHead_VD, options);
    }

    static HeadScore score(Kernels kernels, HeadCase.Inputs in, HeadOptions options) {
        return kernels.score(in.hidden_ND(), in.weight_VD(), in.target_N(), in.activeRows_A(), options);
    }

    /// dH with weights that come after the scores.
    ///
    /// @param dHead_VD added to
    static Tensor late(Kernels kernels, HeadCase.Inputs in, HeadScore score, Tensor dHead_VD, HeadOptions options) {
        return kernels.backwardWithWeights(
                in.hidden_ND(),
                in.weight_VD(),
                in.target_N(),
                in.weights_N(),
                in.activeRows_A(),
                score,
                dHead_VD,
                options);
    }

    static HeadRun of(Kernels kernels, HeadCase c, HeadCase.Inputs in) {
        return of(kernels, c, in, HeadOptions.standard());
    }

    /// Its numbers are as exact as plain libtorch's at the case's dtype.
    void requireAsExactAsPlain(HeadCase c, HeadCase.Inputs in) {
        HeadOracle truth = HeadOracle.of(c, in, ScalarType.Double);
        HeadOracle plain = HeadOracle.of(c, in, c.dtype());
        near("loss", loss.lossSum(), plain.lossSum(), truth.lossSum(), Accuracy.LOSS, 1e-5);
        near("log p", loss.logProb_A(), plain.logProb_A(), truth.logProb_A(), Accuracy.LOSS, 1e-5);
        near("dH", loss.hiddenGradient_ND(), plain.dHidden_ND(), truth.dHidden_ND(), Accuracy.GRADIENT, 1e-4);
        near("dW", dHead_VD, plain.dHead_VD(), truth.dHead_VD(), Accuracy.GRADIENT, 1e-4);
        if (dBias_V != null && plain.dBias_V() != null && truth.dBias_V() != null) {
            near("dBias", dBias_V, plain.dBias_V(), truth.dBias_V(), Accuracy.GRADIENT, 1e-4);
        }
    }
}
