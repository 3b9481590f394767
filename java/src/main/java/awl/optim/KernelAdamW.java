package awl.optim;

import awl.kernel.AdamWStep;
import awl.kernel.AdamWTensors;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// AdamW by [Kernels#adamW]: one call and one pass for all tensors where kernels are native, the plain operations to
/// read where they are the reference.
public final class KernelAdamW implements AdamWRule {

    private final Kernels kernels;

    public KernelAdamW(Kernels kernels) {
        this.kernels = kernels;
    }

    /// In single libtorch operations, which other rules are tested against.
    public static KernelAdamW plain() {
        return new KernelAdamW(new TorchKernels());
    }

    @Override
    public void update(List<AdamWTensors> tensors, AdamWStep step, Tensor divisor, Tensor skip) {
        kernels.adamW(tensors, step, divisor, skip);
    }

    @Override
    public String name() {
        return kernels.fusesAdamW() ? "awl_adamw, " + kernels.name() : "plain operations";
    }
}
