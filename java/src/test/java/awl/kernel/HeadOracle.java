package awl.kernel;

import java.util.Objects;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The loss head written as anyone would, in full logits and with libtorch's autograd, at any dtype. In float64
/// it is the truth; at the kernel's own dtype it is the yardstick for how wrong one may be.
record HeadOracle(
        Tensor lossSum,
        Tensor logProb_A,
        Tensor dHidden_ND,
        Tensor dHead_VD,
        @Nullable Tensor dBias_V) {

    static HeadOracle of(HeadCase c, HeadCase.Inputs in, ScalarType dtype) {
        Tensor hidden = leaf(in.hidden_ND(), dtype);
        Tensor head = leaf(in.weight_VD(), dtype);
        Tensor bias = in.bias_V() == null ? null : leaf(in.bias_V(), dtype);
        Tensor logits = torch.matmul(hidden.index_select(0, in.activeRows_A()), head.t());
        if (bias != null) {
            logits = logits.add(bias);
        }
        if (c.softCap() != null) {
            Scalar cap = new Scalar(c.softCap());
            logits = logits.div(cap).tanh().mul(cap);
        }
        Tensor target = in.target_N().index_select(0, in.activeRows_A());
        Tensor logProb =
                torch.log_softmax(logits, 1).gather(1, target.unsqueeze(1)).squeeze(1);
        Tensor weights = in.weights_N().index_select(0, in.activeRows_A()).to(dtype);
        Tensor loss = logProb.mul(weights).sum().neg();
        loss.backward();
        return new HeadOracle(
                loss.detach(), logProb.detach(), hidden.grad(), head.grad(), bias == null ? null : bias.grad());
    }

    private static Tensor leaf(Tensor t, ScalarType dtype) {
        return Objects.requireNonNull(t).detach().to(dtype).clone().set_requires_grad(true);
    }
}
