package awl.kernel;

import awl.ConfigException;
import awl.tensor.DeviceHandle;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// How the head's logits are made. Start from [#standard()]. There is no label smoothing and no z-loss: no loss of
/// the method has them.
///
/// @param softCap Gemma 2's final soft-cap `c * tanh(z / c)`; null for none
/// @param bias_V added to the logits; dtype of the head; null for none
/// @param biasGradient_V added to, float32 (float64 for a float64 head); null where there is no bias or it
///     is frozen
/// @param logits dtype the logits are computed in; [Logits#FLOAT32] is the default because bfloat16 logits
///     make log p wrong by 3-6 % at |z| of 16-30
/// @param budgetBytes limit of the logits' workspace; see [HeadPlan]
/// @param plan chunking to use instead of the one [HeadPlan#choose] would take; null to let it choose
/// @param keepsLogits whether [Kernels#score] leaves the logits in the workspace, if they fit the budget, for a
///     [Kernels#backwardWithWeights] that follows
public record HeadOptions(
        @Nullable Double softCap,
        @Nullable Tensor bias_V,
        @Nullable Tensor biasGradient_V,
        Logits logits,
        long budgetBytes,
        @Nullable HeadPlan plan,
        boolean keepsLogits) {

    /// Dtype of the logits of a bfloat16 head. A float32 head always has float32 logits. In host memory [#STORAGE] is
    /// left to libtorch's operations: float32 logits are the faster ones there.
    public enum Logits {
        FLOAT32,
        STORAGE
    }

    /// 2 GiB on a device, where logits of many rows are what fills it: 4,185 rows of 128,256 classes.
    public static final long DEVICE_BUDGET_BYTES = 2L << 30;

    /// 256 MiB: 1,365 rows of a vocabulary of 49,152 in one piece.
    public static final long DEFAULT_BUDGET_BYTES = 256L << 20;

    public HeadOptions {
        if (softCap != null && !(softCap > 0 && Double.isFinite(softCap))) {
            throw new ConfigException("soft-cap: expected a positive number, got " + softCap);
        }
        if (budgetBytes < 1) {
            throw new ConfigException("logits budget: expected a positive number of bytes, got " + budgetBytes);
        }
    }

    /// No cap, no bias, float32 logits, the budget of [HeadBudget].
    public static HeadOptions standard() {
        return new HeadOptions(null, null, null, Logits.FLOAT32, HeadBudget.here(), null, false);
    }

    /// The same for tensors on a device.
    public static HeadOptions standard(DeviceHandle device) {
        return standard().withBudget(HeadBudget.here(device));
    }

    public HeadOptions withSoftCap(@Nullable Double cap) {
        return new HeadOptions(cap, bias_V, biasGradient_V, logits, budgetBytes, plan, keepsLogits);
    }

    public HeadOptions withBias(@Nullable Tensor bias, @Nullable Tensor gradient) {
        return new HeadOptions(softCap, bias, gradient, logits, budgetBytes, plan, keepsLogits);
    }

    public HeadOptions withLogits(Logits dtype) {
        return new HeadOptions(softCap, bias_V, biasGradient_V, dtype, budgetBytes, plan, keepsLogits);
    }

    public HeadOptions withBudget(long bytes) {
        return new HeadOptions(softCap, bias_V, biasGradient_V, logits, bytes, plan, keepsLogits);
    }

    public HeadOptions withPlan(@Nullable HeadPlan fixed) {
        return new HeadOptions(softCap, bias_V, biasGradient_V, logits, budgetBytes, fixed, keepsLogits);
    }

    public HeadOptions keepingLogits() {
        return new HeadOptions(softCap, bias_V, biasGradient_V, logits, budgetBytes, plan, true);
    }
}
