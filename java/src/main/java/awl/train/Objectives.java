package awl.train;

import awl.data.PairRows;
import awl.data.StepRows;
import awl.kernel.Kernels;
import awl.loss.DirectPreference;
import awl.loss.WeightedCrossEntropy;
import awl.model.Decoder;
import awl.parallel.World;
import org.jspecify.annotations.Nullable;

/// What a run minimises on its training rows and measures on its validation rows.
///
/// @param validation null where there are no such rows
record Objectives(Objective train, @Nullable Objective validation) {

    /// Reference log-probabilities are computed here, from the model as it was loaded; by all ranks together.
    ///
    /// @param model nothing attached, no checkpoint taken up yet
    static Objectives of(
            World world,
            TrainConfig config,
            TrainingData data,
            Kernels kernels,
            Decoder model,
            RunFolder folder,
            Progress progress) {
        WeightedCrossEntropy scores = new WeightedCrossEntropy(kernels);
        StepRows held = data.validation();
        if (!(data.train() instanceof PairRows)) {
            Objective objective = new WeightedObjective(model, scores);
            return new Objectives(objective, held == null ? null : objective);
        }
        try (ReferenceModel reference = new ReferenceModel(config, kernels, model)) {
            ReferenceScores references = new ReferenceScores(world, folder, progress);
            Split split = (name, rows) -> new PreferenceObjective(
                    model,
                    scores,
                    new DirectPreference(
                            kernels,
                            config.objective().preference(),
                            references.of(name, (PairRows) rows, data.packer(), reference)));
            Objective train = split.objective("train", data.train());
            return new Objectives(train, held == null ? null : split.objective("validation", held));
        }
    }

    private interface Split {
        Objective objective(String name, StepRows rows);
    }
}
