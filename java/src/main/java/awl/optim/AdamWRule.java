package awl.optim;

import awl.kernel.AdamWStep;
import awl.kernel.AdamWTensors;
import awl.kernel.Kernels;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// How tensors are updated. Implementations agree to fp32 rounding; [KernelAdamW#plain] is the one to read.
public interface AdamWRule {

    /// @param tensors fp32, contiguous; gradients may be scaled in place
    /// @param divisor gradients are divided by it first, 0-d fp32
    /// @param skip where 1 nothing is changed, 0-d fp32
    void update(List<AdamWTensors> tensors, AdamWStep step, Tensor divisor, Tensor skip);

    /// Name for reports.
    String name();

    /// The kernels' own where it is one pass, else libtorch's fused kernel where it has one, else plain operations.
    static AdamWRule best(Kernels kernels) {
        if (!kernels.fusesAdamW() && FusedAdamW.available()) {
            return new FusedAdamW();
        }
        return new KernelAdamW(kernels);
    }
}
