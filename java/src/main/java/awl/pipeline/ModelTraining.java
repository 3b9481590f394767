package awl.pipeline;

import awl.ConfigException;
import awl.kernel.KernelSelection;
import awl.train.ConfigFile;
import awl.train.Progress;
import awl.train.StopSignal;
import awl.train.TrainConfig;
import awl.train.TrainingRun;
import awl.train.YamlRecords;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A stage that trains: writes the YAML that `awl train` would take and runs it in this process, going on where an
/// earlier run ended.
///
/// @param output run folder; the YAML stands beside it
/// @param begin model to begin with; its adapter is trained further
/// @param rows ready tokens
final class ModelTraining {

    private final PipelineConfig config;
    private final Path output;
    private final ModelRef begin;
    private final Path rows;
    private final PipelineConfig.@Nullable Length length;
    private final ObjectNode objective;
    private final long seed;

    /// @param length what is other than in the sections `train` and `optimizer`
    /// @param objective section of `awl train`
    ModelTraining(
            PipelineConfig config,
            Path output,
            ModelRef begin,
            Path rows,
            PipelineConfig.@Nullable Length length,
            ObjectNode objective,
            long seed) {
        this.config = config;
        this.output = output;
        this.begin = begin;
        this.rows = rows;
        this.length = length;
        this.objective = objective;
        this.seed = seed;
    }

    /// Cross-entropy over all rows alike.
    static ObjectNode plain(PipelineConfig config) {
        return config.objective().objectNode().put("type", "cross_entropy");
    }

    /// The mixture that the configuration asks for.
    ///
    /// @param alpha that of the configuration where null
    static ObjectNode mixed(PipelineConfig config, @Nullable Double alpha) {
        ObjectNode objective = config.objective().deepCopy();
        objective.put("type", "mixed");
        if (alpha != null) {
            objective.put("alpha", alpha);
        }
        return objective;
    }

    /// What comes out.
    ModelRef model() {
        return adapting()
                ? new ModelRef(begin.path(), output.resolve("adapter"))
                : new ModelRef(output.resolve("model"), null);
    }

    private boolean adapting() {
        return config.lora() != null || begin.adapter() != null;
    }

    boolean done() {
        ModelRef model = model();
        Path adapter = model.adapter();
        return Files.isDirectory(adapter == null ? model.path() : adapter);
    }

    /// Trains to the end.
    ///
    /// @throws StageStopped where a signal asked for that; a checkpoint is on disk
    void run(StopSignal stop) {
        Path yaml = output.resolveSibling(output.getFileName() + ".yaml");
        try {
            Files.createDirectories(output.toAbsolutePath().getParent());
            Files.writeString(yaml, "# Written by awl run; awl train --config takes it.\n" + YamlRecords.write(tree()));
        } catch (IOException e) {
            throw new ConfigException(yaml + ": cannot be written: " + e, e);
        }
        TrainConfig run = ConfigFile.read(yaml, List.of());
        boolean begun = Files.exists(output.resolve("config.yaml"));
        int code = new TrainingRun(
                        run,
                        begun,
                        KernelSelection.Wanted.AUTO,
                        () -> {
                            throw new IllegalStateException("rows of stages are ready tokens");
                        },
                        Progress.standard(),
                        stop)
                .run();
        if (code != 0) {
            throw new StageStopped(code);
        }
    }

    private ObjectNode tree() {
        ObjectNode tree = config.train().objectNode();
        ObjectNode model = tree.putObject("model");
        model.put("path", begin.path().toString());
        model.put("precision", config.model().precision());
        model.put("device", config.model().device());
        Path adapter = begin.adapter();
        if (adapter != null) {
            model.put("adapter", adapter.toString());
        } else if (config.lora() != null) {
            tree.set("lora", config.lora());
        }
        ObjectNode data = config.data().deepCopy();
        data.put("train", rows.toString());
        tree.set("data", data);
        tree.set("objective", objective);
        ObjectNode train = config.train().deepCopy();
        ObjectNode optimizer = config.optimizer().deepCopy();
        train.put("seed", seed);
        if (length != null && length.epochs() != null) {
            train.put("epochs", length.epochs());
        }
        if (length != null && length.lr() != null) {
            optimizer.put("lr", length.lr());
        }
        tree.set("train", train);
        tree.set("optimizer", optimizer);
        tree.set("schedule", config.schedule());
        tree.set("checkpoint", config.checkpoint());
        if (config.tracking() != null) {
            tree.set("tracking", config.tracking());
        }
        tree.put("output", output.toString());
        return tree;
    }
}
