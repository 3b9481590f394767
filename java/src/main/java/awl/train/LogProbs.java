package awl.train;

import awl.data.Batch;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// Log-probabilities of the active rows of some batches: on the device until somebody asks.
final class LogProbs {

    private final List<Batch> batches = new ArrayList<>();
    private final List<Tensor> tensors = new ArrayList<>();

    /// @param logProb_A must live as long as this
    void add(Batch batch, Tensor logProb_A) {
        batches.add(batch);
        tensors.add(logProb_A);
    }

    List<Batch> batches() {
        return batches;
    }

    /// Of one batch, on the host.
    float[] of(int batch) {
        return Tensors.array(tensors.get(batch));
    }
}
