package awl.cli;

import awl.pipeline.ModelRef;
import awl.pipeline.PipelineConfig;
import awl.pipeline.PipelineConfigFile;
import awl.pipeline.Stages;
import awl.train.StopSignal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/// Options of all commands that run one stage of the method.
final class StageOptions {

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "As awl run takes it.")
    Path config = Path.of("");

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Override a key of the file, for instance --set partition.samples=4. May be repeated.")
    List<String> overrides = List.of();

    @Option(names = "--model", description = "Instead of model.path: Hugging Face folder, or a GGUF file.")
    @Nullable
    String model;

    @Option(names = "--adapter", description = "Instead of model.adapter: PEFT folder.")
    @Nullable
    String adapter;

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: one a core.")
    @Nullable
    Integer threads;

    /// @param more further overrides
    PipelineConfig read(String... more) {
        List<String> all = new ArrayList<>(overrides);
        if (model != null) {
            all.add("model.path=\"" + model + "\"");
        }
        if (adapter != null) {
            all.add("model.adapter=\"" + adapter + "\"");
        }
        all.addAll(List.of(more));
        return PipelineConfigFile.read(config, all);
    }

    Stages stages(String... more) {
        PipelineConfig run = read(more);
        ModelRef begin = ModelRef.of(run.model());
        StopSignal stop = new StopSignal();
        stop.install();
        return new Stages(run, begin, stop, System.err, threads);
    }
}
