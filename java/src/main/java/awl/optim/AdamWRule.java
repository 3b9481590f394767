package awl.optim;

import org.bytedeco.pytorch.Tensor;

/// How one tensor is updated. Implementations agree to fp32 rounding; [PlainAdamW] is the one to read.
public interface AdamWRule {

    /// All fp32, contiguous, of one shape.
    ///
    /// @param value updated in place
    /// @param gradient may be scaled in place
    /// @param first moment, updated in place
    /// @param second moment, updated in place
    record Target(Tensor value, Tensor gradient, Tensor first, Tensor second) {}

    /// @param count number of this update counted from 1, 0-d fp32
    /// @param rate learning rate
    /// @param decay weight decay of this tensor
    /// @param divisor gradients are divided by it first, 0-d fp32
    /// @param skip where 1 nothing is changed, 0-d fp32
    void update(
            Target target,
            Tensor count,
            double rate,
            AdamW.Settings settings,
            double decay,
            Tensor divisor,
            Tensor skip);

    /// Name for reports.
    String name();

    /// The fused kernel where this libtorch has one, else plain operations.
    static AdamWRule best() {
        return FusedAdamW.available() ? new FusedAdamW() : new PlainAdamW();
    }
}
