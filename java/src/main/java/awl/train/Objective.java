package awl.train;

import awl.data.Batch;
import awl.tensor.Parameter;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// What a run minimises, over a model: one micro-batch forwards and backwards.
public interface Objective {

    /// What is trained, in a fixed order.
    List<Parameter> trainable();

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

    /// @param loss the micro-batch's part of the step's loss, 0-d fp64
    /// @param logProb_A log-probability of each active row, fp32
    record Learned(Tensor loss, Tensor logProb_A) {}
}
