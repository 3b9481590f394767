package awl.kernel;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// A tensor to be trained as [Kernels#adamW] takes it: contiguous, of one shape, float32 (or all float64).
///
/// @param value updated in place
/// @param gradient read
/// @param first moment, updated in place
/// @param second moment, updated in place
/// @param rounded bfloat16, gets the new value rounded to nearest; null where the value is the parameter itself
/// @param decay decoupled weight decay of this tensor
public record AdamWTensors(
        Tensor value,
        Tensor gradient,
        Tensor first,
        Tensor second,
        @Nullable Tensor rounded,
        double decay) {}
