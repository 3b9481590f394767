package awl.data;

import java.util.List;

/// Everything one optimiser step reads.
///
/// @param step counted from 1
/// @param epoch counted from 0
/// @param microBatches in the order they are run
/// @param measured batches that count nothing but whose loss is reported
/// @param normaliser what the weighted sum over all micro-batches is divided by; 0 when nothing is to be
///     learned
/// @param components parts whose loss is reported; [Batch#documentGroup] is an index into it. Empty: no parts
/// @param documentIds names of the step's rows, in order
/// @param tokens ids of all documents
/// @param learnedTokens predictions that count
public record StepBatches(
        long step,
        long epoch,
        List<Batch> microBatches,
        List<Batch> measured,
        double normaliser,
        List<Component> components,
        List<String> documentIds,
        long tokens,
        long learnedTokens) {

    /// Packs what a step learns.
    public static StepBatches of(StepContent content, Packer packer, long step, long epoch) {
        return of(content, packer, Share.ALL, step, epoch);
    }

    /// Packs what one of several processes computes of a step. Its own are the micro-batches alone; normaliser,
    /// names and counts are those of the whole step.
    public static StepBatches of(StepContent content, Packer packer, Share share, long step, long epoch) {
        return new StepBatches(
                step,
                epoch,
                packer.packUnits(share.of(content.units())),
                packer.pack(share.ofDocuments(content.measured())),
                content.normaliser(),
                content.components(),
                content.examples().stream().map(Example::id).toList(),
                content.examples().stream().mapToLong(Example::tokens).sum(),
                content.examples().stream()
                        .mapToLong(e -> e.weight() == 0 ? 0 : e.learned())
                        .sum());
    }
}
