package awl.pipeline;

import awl.kernel.KernelSelection;
import awl.token.CheckpointText;
import awl.train.ConfigFile;
import awl.train.Progress;
import awl.train.StopSignal;
import awl.train.TrainConfig;
import awl.train.TrainingRun;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/// A stage that trains: writes the YAML that `awl train` would take and runs it in this process, going on where an
/// earlier run ended.
///
/// @param name of the run folder and of the YAML file beside it
/// @param base model folder to begin with
/// @param rows training rows
/// @param held rows the loss is measured on, or null
record TrainingStage(
        String name,
        Path base,
        Path rows,
        @org.jspecify.annotations.Nullable Path held,
        Recipe recipe) {

    /// @param length `epochs: N` or `steps: N`
    /// @param objective a line of YAML; empty for plain cross-entropy
    record Recipe(
            double rate,
            String length,
            int batch,
            String warmUp,
            String reduction,
            boolean shuffle,
            long seed,
            String objective) {

        /// The same with preference optimisation, gently: the model is finished but for this.
        Recipe preferences(double beta, double sftWeight) {
            String line = "objective: {type: dpo, beta: %s, sft_weight: %s}\n".formatted(beta, sftWeight);
            return new Recipe(rate / 5, length, batch, warmUp, reduction, shuffle, seed, line);
        }

        /// The same with the mixed objective.
        Recipe mixed(double alpha, double lambda) {
            String line = "objective: {type: mixed, alpha: %s, lambda: %s}\n".formatted(alpha, lambda);
            return new Recipe(rate, length, batch, warmUp, reduction, shuffle, seed, line);
        }
    }

    /// More than the rows of any step have: a step is one micro-batch, its rows sorted by length.
    private static final int PACKED = 8192;

    /// The model that comes out.
    Path model(Path folder) {
        return folder.resolve(name).resolve("model");
    }

    /// Trains to the end.
    ///
    /// @return exit code of a run that was asked to stop; else 0
    int run(Path folder, StopSignal stop) {
        Path yaml = folder.resolve(name + ".yaml");
        Path output = folder.resolve(name);
        try {
            Files.writeString(yaml, yaml(output));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + yaml, e);
        }
        TrainConfig config = ConfigFile.read(yaml, List.of());
        Progress progress = Progress.standard();
        boolean begun = Files.exists(output.resolve("config.yaml"));
        try (CheckpointText text = CheckpointText.folder(base)) {
            return new TrainingRun(
                            config,
                            begun,
                            KernelSelection.Wanted.AUTO,
                            () -> new ConversationRows(text.renderer(true)),
                            progress,
                            stop)
                    .run();
        }
    }

    private String yaml(Path output) {
        return String.format(
                Locale.ROOT,
                """
                # Written by awl quickstart; awl train --config takes it.
                model: {path: "%s", precision: fp32}
                data: {train: "%s", %spacking: true, max_length: %d, reduction: %s, shuffle: %s}
                train: {%s, batch_size: %d, seed: %d, clip_norm: 1.0}
                optimizer: {lr: %s, betas: [0.9, 0.98], weight_decay: 0.05}
                schedule: {type: cosine, %s, min_ratio: 0.05}
                checkpoint: {every: 400, keep: 1}
                %soutput: "%s"
                """,
                base,
                rows,
                held == null ? "" : "validation: \"" + held + "\", ",
                PACKED,
                recipe.reduction,
                recipe.shuffle,
                recipe.length,
                recipe.batch,
                recipe.seed,
                recipe.rate,
                recipe.warmUp,
                recipe.objective,
                output);
    }
}
