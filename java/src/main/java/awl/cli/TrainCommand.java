package awl.cli;

import awl.ConfigException;
import awl.kernel.KernelSelection;
import awl.tensor.LibTorch;
import awl.tensor.Threads;
import awl.token.CheckpointText;
import awl.train.ConfigFile;
import awl.train.Progress;
import awl.train.StopSignal;
import awl.train.TrainConfig;
import awl.train.TrainingRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl train`: fine-tunes a model as a YAML file says.
@Command(
        name = "train",
        mixinStandardHelpOptions = true,
        description = {
            "Fine-tune a model: all parameters, new LoRA adapters, or a trained adapter further.",
            "Data rows (JSON lines): {\"messages\",[\"tools\"],[\"weight\"]}, {\"prompt\",\"completion\"}, or"
                    + " {\"ids\":[...],\"weights\":[...]} with weights[t] = weight of predicting ids[t].",
            "With objective: {type: mixed, alpha, lambda} each row names its \"origin\": knowledge, easy or hard.",
            "With objective: {type: dpo or ipo, beta, reference, sft_weight} rows are preference pairs"
                    + " {\"chosen\": ROW,\"rejected\": ROW,[\"pair_weight\"],[\"reference_logp\"]}.",
            "The run folder (output) gets config.yaml, environment.json, metrics.jsonl, checkpoints/ and model/ or"
                    + " adapter/.",
            "TERM or INT: checkpoint at the next step, then exit with 143 or 130; --resume goes on, with the same bits"
                    + " as an unbroken run. A NaN or infinity in loss or gradient ends the run with exit code 1."
        })
final class TrainCommand implements Callable<Integer>, Computing {

    @Option(names = "--config", required = true, paramLabel = "FILE", description = "The run as YAML.")
    Path config = Path.of("");

    @Option(names = "--resume", description = "Go on from the newest whole checkpoint in the run folder.")
    boolean resume;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Override a key of the file, for instance --set train.steps=100. May be repeated.")
    List<String> overrides = List.of();

    @Option(
            names = "--kernels",
            defaultValue = "auto",
            description = "auto, native or reference. Default: ${DEFAULT-VALUE}.")
    String kernels = "auto";

    @Option(names = "--threads", paramLabel = "N", description = "Threads that compute. Default: one a core.")
    @Nullable
    Integer threads;

    @Override
    public Integer call() {
        TrainConfig run = ConfigFile.read(config, overrides);
        Path model = Path.of(run.model().path());
        if (!Files.exists(model)) {
            throw new ConfigException("%s: model.path: %s is not there; expected a Hugging Face folder or a GGUF file"
                    .formatted(config, model));
        }
        KernelSelection.Wanted wanted = KernelSelection.Wanted.parse(kernels);
        LibTorch.await();
        if (threads != null) {
            Threads.set(threads);
        }
        StopSignal stop = new StopSignal();
        stop.install();
        Progress progress = Progress.standard();
        try (CheckpointText text = ModelText.open(model)) {
            String calls = run.data().callFormat();
            return new TrainingRun(
                            run, resume, wanted, () -> ModelText.rows(text, calls, progress::note), progress, stop)
                    .run();
        }
    }
}
