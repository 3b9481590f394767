package awl.train;

import awl.DataException;
import awl.data.Batch;
import awl.data.Example;
import awl.data.Packer;
import awl.data.Weighting;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The loss of rows that are not trained on, with the weighting of training, over all of them at once.
final class Validation {

    private final Objective objective;
    private final List<Batch> batches;
    private final double normaliser;

    /// @param packer how many rows are computed at once; changes nothing but rounding
    Validation(Objective objective, List<Example> rows, Weighting weighting, Packer packer) {
        Weighting.Weighted weighted = weighting.apply(rows);
        if (weighted.normaliser() == 0) {
            throw new DataException("data.validation: no row has a token to learn");
        }
        this.objective = objective;
        this.batches = packer.pack(weighted.documents()).stream()
                .filter(batch -> batch.activeRows().length > 0)
                .toList();
        this.normaliser = weighted.normaliser();
    }

    double loss() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor sum = Tensors.zeros(ScalarType.Double);
            for (Batch batch : batches) {
                try (TensorScope micro = TensorScope.open()) {
                    Tensor logProb_A = objective.logProb(batch).to(ScalarType.Double);
                    float[] weights = new float[batch.activeRows().length];
                    for (int a = 0; a < weights.length; a++) {
                        weights[a] = batch.weights()[batch.activeRows()[a]];
                    }
                    sum.sub_(Tensors.floats(weights)
                            .to(ScalarType.Double)
                            .mul_(logProb_A)
                            .sum());
                }
            }
            return sum.item_double() / normaliser;
        }
    }
}
