package awl.kernel;

import org.bytedeco.pytorch.Tensor;

/// What [Kernels#score] returns.
///
/// @param logProb_A float32
/// @param logSumExp_A float64
public record HeadScore(Tensor logProb_A, Tensor logSumExp_A) {}
