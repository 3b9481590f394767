package awl.loss;

import org.bytedeco.pytorch.Tensor;

/// A micro-batch's share of a loss.
///
/// @param lossSum 0-d fp64: `sum w nll scale`
/// @param hiddenGradient_ND where the backward pass starts; zero outside the active rows
/// @param logProb_A log-probability of each active row's target, fp32
public record LossResult(Tensor lossSum, Tensor hiddenGradient_ND, Tensor logProb_A) {}
