package awl.bench;

import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Loss and gradients of the head in float64, written out by hand and in chunks of rows, so that large vocabularies
/// fit.
final class HeadTruth {

    /// Logits of a chunk.
    static final long CHUNK_BYTES = 256L << 20;

    private HeadTruth() {}

    /// `loss`, `dH` and, unless frozen, `dW` of the sum over the active rows.
    static Map<String, Tensor> of(
            Tensor hidden_ND,
            Tensor weight_VD,
            Tensor target_A,
            Tensor active_A,
            @Nullable Double softCap,
            boolean frozen) {
        long active = active_A.size(0);
        long vocabulary = weight_VD.size(0);
        Tensor loss = Tensors.zerosBeside(hidden_ND, ScalarType.Double);
        Tensor dHidden = Tensors.zerosBeside(hidden_ND, ScalarType.Double, hidden_ND.size(0), hidden_ND.size(1));
        Tensor dHead = frozen ? null : Tensors.zerosBeside(hidden_ND, ScalarType.Double, vocabulary, weight_VD.size(1));
        long step = Math.max(1, CHUNK_BYTES / (vocabulary * Double.BYTES));
        try (TensorScope _ = TensorScope.open()) {
            Tensor head = weight_VD.to(ScalarType.Double);
            for (long row = 0; row < active; row += step) {
                try (TensorScope _ = TensorScope.open()) {
                    long rows = Math.min(step, active - row);
                    Tensor at = active_A.narrow(0, row, rows);
                    Tensor hidden = Tensors.rows(hidden_ND, at).to(ScalarType.Double);
                    Tensor logits = torch.mm(hidden, head.t());
                    Tensor slope = null;
                    if (softCap != null) {
                        logits.div_(new Scalar(softCap)).tanh_();
                        slope = logits.square().neg_().add_(new Scalar(1.0));
                        logits.mul_(new Scalar(softCap));
                    }
                    Tensor target = target_A.narrow(0, row, rows).unsqueeze(1);
                    Tensor logProb = torch.log_softmax(logits, 1);
                    loss.sub_(logProb.gather(1, target).sum());
                    Tensor gradient = logProb.exp_();
                    gradient.scatter_add_(
                            1,
                            target,
                            torch.ones_like(target).to(ScalarType.Double).neg_());
                    if (slope != null) {
                        gradient.mul_(slope);
                    }
                    dHidden.index_copy_(0, at, torch.mm(gradient, head));
                    if (dHead != null) {
                        dHead.addmm_(gradient.t(), hidden);
                    }
                }
            }
        }
        Map<String, Tensor> truth = new LinkedHashMap<>();
        truth.put("loss", loss);
        truth.put("dH", dHidden);
        if (dHead != null) {
            truth.put("dW", dHead);
        }
        return truth;
    }
}
