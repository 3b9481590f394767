package awl.train;

import awl.DataException;
import awl.data.Packer;
import awl.data.Share;
import awl.data.StepBatches;
import awl.data.StepRows;
import awl.parallel.World;
import awl.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The loss of rows that are not trained on, with the objective of training, over all of them at once; every rank
/// computes its share.
final class Validation {

    private final World world;
    private final Objective objective;
    private final StepBatches rows;

    /// @param packer how many rows are computed at once; changes nothing but rounding
    Validation(World world, Objective objective, StepRows rows, Packer packer) {
        this.world = world;
        this.objective = objective;
        this.rows = StepBatches.of(rows.all(), packer, new Share(world.rank(), world.size()), 0, 0);
        if (this.rows.normaliser() == 0) {
            throw new DataException("data.validation: no row has a token to learn");
        }
    }

    /// @param parts what the objective reports beside the loss
    record Measured(double loss, Map<String, @Nullable Double> parts) {

        /// As a line of `validation.jsonl`.
        Map<String, @Nullable Object> line(long step) {
            Map<String, @Nullable Object> line = new LinkedHashMap<>();
            line.put("step", step);
            line.put("loss", loss);
            line.putAll(parts);
            return line;
        }
    }

    Measured measure() {
        try (TensorScope scope = TensorScope.open()) {
            LogProbs counted = TrainStep.scored(objective, rows.microBatches());
            double loss = RankSums.of(world, objective.loss(counted, 1 / rows.normaliser()))[0];
            LogProbs measured = TrainStep.scored(objective, rows.measured());
            return new Measured(
                    loss, RankSums.of(world, objective.parts(rows, world.first() ? loss : 0, counted, measured)));
        }
    }
}
