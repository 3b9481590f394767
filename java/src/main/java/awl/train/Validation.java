package awl.train;

import awl.DataException;
import awl.data.Packer;
import awl.data.StepBatches;
import awl.data.StepRows;
import awl.tensor.TensorScope;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The loss of rows that are not trained on, with the objective of training, over all of them at once.
final class Validation {

    private final Objective objective;
    private final StepBatches rows;

    /// @param packer how many rows are computed at once; changes nothing but rounding
    Validation(Objective objective, StepRows rows, Packer packer) {
        this.objective = objective;
        this.rows = StepBatches.of(rows.all(), packer, 0, 0);
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
            double loss = objective.loss(counted, 1 / rows.normaliser());
            LogProbs measured = TrainStep.scored(objective, rows.measured());
            return new Measured(loss, objective.parts(rows, loss, counted, measured));
        }
    }
}
