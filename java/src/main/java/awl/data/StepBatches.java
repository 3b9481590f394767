package awl.data;

import java.util.List;

/// Everything one optimiser step reads.
///
/// @param step counted from 1
/// @param epoch counted from 0
/// @param microBatches in the order they are run
/// @param normaliser what the weighted sum over all micro-batches is divided by; 0 when nothing is to be
///     learned
/// @param documentIds names of the step's rows, in order
/// @param tokens ids of all rows
/// @param learnedTokens predictions that count
public record StepBatches(
        long step,
        long epoch,
        List<Batch> microBatches,
        double normaliser,
        List<String> documentIds,
        long tokens,
        long learnedTokens) {}
