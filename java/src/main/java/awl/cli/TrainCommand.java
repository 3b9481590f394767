package awl.cli;

import awl.AwlException;
import awl.ConfigException;
import awl.DivergedException;
import awl.kernel.KernelSelection;
import awl.parallel.Exchange;
import awl.parallel.Launch;
import awl.parallel.World;
import awl.tensor.DeviceChoice;
import awl.tensor.LibTorch;
import awl.tensor.Threads;
import awl.token.CheckpointText;
import awl.train.ConfigFile;
import awl.train.Machine;
import awl.train.Progress;
import awl.train.StopSignal;
import awl.train.TrainConfig;
import awl.train.TrainingRun;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
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
                    + " as an unbroken run. USR1, USR2 or XCPU: checkpoint at the next step and go on. A NaN or infinity in loss or gradient ends the run with exit code 1."
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

    @Option(names = "--rank", paramLabel = "R", description = "Rank of this process, from 0.")
    @Nullable
    Integer rank;

    @Option(
            names = "--world-size",
            paramLabel = "N",
            description = "How many processes train together. Default: what torchrun, awl launch, srun or mpirun say.")
    @Nullable
    Integer worldSize;

    @Option(names = "--local-rank", paramLabel = "R", description = "Rank among those on this machine.")
    @Nullable
    Integer localRank;

    @Option(names = "--master", paramLabel = "HOST:PORT", description = "Where rank 0 keeps the rendezvous.")
    @Nullable
    String master;

    @Option(
            names = "--peer-timeout",
            paramLabel = "SECONDS",
            defaultValue = "25",
            description = "A rank silent for so long is taken for dead. Default: ${DEFAULT-VALUE}.")
    int peerTimeout = 25;

    @Option(
            names = "--arrival-timeout",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "How long ranks wait for each other at the start. Default: ${DEFAULT-VALUE}.")
    int arrivalTimeout = 300;

    @Override
    public Integer call() {
        TrainConfig run = ConfigFile.read(config, overrides);
        Path model = Path.of(run.model().path());
        if (!Files.exists(model)) {
            throw new ConfigException("%s: model.path: %s is not there; expected a Hugging Face folder or a GGUF file"
                    .formatted(config, model));
        }
        KernelSelection.Wanted wanted = KernelSelection.Wanted.parse(kernels);
        Launch launch = Launch.of(new Launch.Flags(rank, worldSize, localRank, master), System.getenv());
        LibTorch.await();
        setThreads(launch);
        StopSignal stop = new StopSignal();
        stop.install();
        World.Limits limits = new World.Limits(
                Duration.ofSeconds(arrivalTimeout), Duration.ofSeconds(peerTimeout), World.Limits.STANDARD.operation());
        World world = launch.many() ? World.open(launch, exchange(run, launch), limits) : World.single();
        try {
            int code = train(world, run, model, wanted, stop);
            world.close();
            return code;
        } catch (RuntimeException | Error e) {
            world.fail(e instanceof AwlException ? String.valueOf(e.getMessage()) : e.toString());
            if (e instanceof DivergedException && !world.first()) {
                return 1; // all ranks found it together, and the first one says so
            }
            throw e;
        }
    }

    private static Exchange exchange(TrainConfig run, Launch launch) {
        String device = run.model().device();
        DeviceChoice.Facts facts =
                device.equals("cpu") ? new DeviceChoice.Facts(false, false, 0) : DeviceChoice.facts();
        return Exchange.choose(run.train().backend(), Exchange.place(device, launch, facts));
    }

    private void setThreads(Launch launch) {
        if (threads != null) {
            Threads.set(threads);
        } else if (launch.many() && System.getenv("OMP_NUM_THREADS") == null) {
            Threads.set(Math.min(Threads.count(), launch.threads(Machine.cores())));
        }
    }

    private int train(World world, TrainConfig run, Path model, KernelSelection.Wanted wanted, StopSignal stop) {
        Progress progress = Progress.standard();
        try (CheckpointText text = ModelText.open(model)) {
            String calls = run.data().callFormat();
            return new TrainingRun(
                            world,
                            run,
                            resume,
                            wanted,
                            () -> ModelText.rows(text, calls, progress::note),
                            progress,
                            stop)
                    .run();
        }
    }
}
