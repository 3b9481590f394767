package awl.kernel;

import org.bytedeco.pytorch.Tensor;

/// What [Kernels#linearCrossEntropy] returns.
///
/// @param lossSum 0-d float64, `-sum_a w[a] * logProb[a]`
/// @param logProb_A float32
/// @param logSumExp_A float64: `exp(z - logSumExp)` must keep its digits for logits of 1e4
/// @param hiddenGradient_ND shape and dtype of the hidden states, zero outside the active rows
public record HeadLoss(Tensor lossSum, Tensor logProb_A, Tensor logSumExp_A, Tensor hiddenGradient_ND) {}
