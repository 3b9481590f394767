package awl.model;

import awl.kernel.Kernels;
import awl.tensor.BlockMatrix;
import awl.tensor.Parameter;
import awl.tensor.Scalars;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The matrix that turns hidden states into logits. Losses compute with [#weight] directly and never make all logits.
public final class Head {

    private final Parameter weight_VD;
    private final boolean tied;
    private final @Nullable Double softCap;
    private final @Nullable Scalar softCapScalar;
    private final Kernels kernels;

    Head(Parameter weight_VD, boolean tied, @Nullable Double softCap, Kernels kernels) {
        this.weight_VD = weight_VD;
        this.tied = tied;
        this.softCap = softCap;
        this.softCapScalar = softCap == null ? null : Scalars.of(softCap);
        this.kernels = kernels;
    }

    /// `[V, D]`; the embedding itself where the head is tied, so that both add to one gradient.
    public Parameter weight() {
        return weight_VD;
    }

    public boolean tied() {
        return tied;
    }

    /// `cap * tanh(logit / cap)` (Gemma 2), or null.
    public @Nullable Double softCap() {
        return softCap;
    }

    /// `[S, D] -> [S, V]` in float32 (float64), for a few rows.
    public Tensor logits(Tensor hidden_SD) {
        try (TensorScope scope = TensorScope.open()) {
            ScalarType wide = Tensors.dtype(hidden_SD) == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
            Tensor logits = Tensors.beside(hidden_SD, wide, hidden_SD.size(0), weight_VD.size(0));
            BlockMatrix blocks = weight_VD.blocks();
            if (blocks == null) {
                kernels.linear(hidden_SD.to(wide), weight_VD.value(), logits);
            } else {
                kernels.linearBlocks(hidden_SD.to(wide), List.of(blocks), logits);
            }
            Scalar cap = softCapScalar;
            if (cap != null) {
                kernels.inSequence(on -> on[0].div_(cap).tanh_().mul_(cap), logits);
            }
            return scope.keep(logits);
        }
    }
}
