package awl.train;

import awl.data.Batch;
import awl.data.StepBatches;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// What a run minimises, over a model: one micro-batch forwards and backwards.
public interface Objective {

    /// What is trained, in a fixed order.
    List<Parameter> trainable();

    /// Where it computes.
    default DeviceHandle device() {
        return DeviceHandle.CPU;
    }

    /// Fixes the random numbers (dropout) of what follows. A step that starts from the same stream draws the
    /// same ones.
    void startRandomStream(long stream);

    /// Computes a micro-batch and adds its gradients to the parameters.
    ///
    /// @param scale what the weighted sum is multiplied with: one over the normaliser of the whole step
    Learned learn(Batch batch, double scale);

    /// Log-probabilities of the batch's active rows, without dropout and without gradients.
    ///
    /// @return A, fp32
    Tensor logProb(Batch batch);

    /// The loss of batches that were scored, on the host.
    ///
    /// @param scale as in [#learn]
    default double loss(LogProbs scored, double scale) {
        return WeightedSums.loss(scored) * scale;
    }

    /// What is reported beside the loss, by name; null = undefined. Each part is a sum over documents, so that ranks
    /// can add up theirs.
    ///
    /// @param loss of the step; where there are several ranks, 0 for all but the first
    /// @param learned scores of the step's micro-batches
    /// @param measured scores of [StepBatches#measured]
    default Map<String, @Nullable Double> parts(StepBatches step, double loss, LogProbs learned, LogProbs measured) {
        return WeightedSums.components(step, loss, learned, measured);
    }

    /// @param loss the micro-batch's part of the step's loss, 0-d fp64
    /// @param logProb_A log-probability of each active row, fp32
    record Learned(Tensor loss, Tensor logProb_A) {}
}
