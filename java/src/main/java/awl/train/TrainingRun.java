package awl.train;

import awl.ConfigException;
import awl.data.BatchStream;
import awl.data.RowRenderer;
import awl.data.Share;
import awl.data.StepRows;
import awl.kernel.KernelSelection;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.PeftAdapter;
import awl.model.TensorSource;
import awl.parallel.GradientBuckets;
import awl.parallel.World;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import awl.track.Tracker;
import awl.track.Trackers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// `awl train` from configuration to final model: opens the folder, reads data and model, lets the [Trainer]
/// work and writes what came out.
public final class TrainingRun {

    private final TrainConfig asked;
    private final boolean resume;
    private final KernelSelection.Wanted kernelsWanted;
    private final Supplier<RowRenderer> renderer;
    private final World world;
    private final StopSignal stop;
    private Progress progress;

    /// @param renderer asked only when a row has text
    public TrainingRun(
            TrainConfig config,
            boolean resume,
            KernelSelection.Wanted kernels,
            Supplier<RowRenderer> renderer,
            Progress progress,
            StopSignal stop) {
        this(World.single(), config, resume, kernels, renderer, progress, stop);
    }

    /// @param world the processes that make this run together
    /// @param renderer asked only when a row has text
    /// @param progress what the first rank says; the others write theirs into the run folder
    public TrainingRun(
            World world,
            TrainConfig config,
            boolean resume,
            KernelSelection.Wanted kernels,
            Supplier<RowRenderer> renderer,
            Progress progress,
            StopSignal stop) {
        this.world = world;
        this.asked = config;
        this.resume = resume;
        this.kernelsWanted = kernels;
        this.renderer = renderer;
        this.progress = progress;
        this.stop = stop;
    }

    /// Runs to the end or to a requested stop.
    ///
    /// @return exit code: 0, or that of the signal
    public int run() {
        try (RunFolder folder = open();
                Progress own = world.first()
                        ? progress
                        : Progress.file(folder.path().resolve("log-rank%d.txt".formatted(world.rank())))) {
            progress = own;
            if (asked.lora() == null && !Files.isDirectory(Path.of(asked.model().path()))) {
                throw new ConfigException(
                        "model.path: %s is no Hugging Face folder; training all parameters writes one and needs one to begin with: make it by awl convert FILE.gguf DIR, or train LoRA adapters"
                                .formatted(asked.model().path()));
            }
            TrainConfig before = world.first() ? earlier(folder) : null;
            ComputeChoice compute =
                    ComputeChoice.of(world, asked.model(), before == null ? null : before.model(), kernelsWanted);
            TrainConfig config =
                    asked.withPrecision(compute.precision().precision().toString());
            if (before != null) {
                SameNumbers.require(folder.path(), before, config, progress::note);
            }
            try {
                return load(folder, config, compute, resume);
            } catch (Resume.NothingWholeException e) {
                progress.note(e.getMessage() + ": starting from the beginning");
                return load(folder, config, compute, false);
            }
        }
    }

    private RunFolder open() {
        Path path = Path.of(asked.output());
        RunFolder own = world.first() ? RunFolder.open(path) : null;
        world.barrier();
        return own == null ? RunFolder.follow(path, world.rank()) : own;
    }

    private @Nullable TrainConfig earlier(RunFolder folder) {
        if (!folder.isUsed()) {
            return null;
        }
        if (!resume) {
            throw new ConfigException(
                    "output: %s holds a run already; go on with it by --resume, or name another output"
                            .formatted(folder.path()));
        }
        return Files.exists(folder.config()) ? ConfigFile.read(folder.config(), List.of()) : null;
    }

    private int load(RunFolder folder, TrainConfig config, ComputeChoice compute, boolean takeUp) {
        try (TensorScope scope = TensorScope.open()) {
            TrainingData data;
            Decoder model;
            // Closed before training begins: what was read of it counts as memory of this process.
            try (TensorSource source = Checkpoint.open(Path.of(config.model().path()))) {
                data = TrainingData.read(
                        config, source.config().vocabSize(), source.config().maxPositions(), renderer);
                data.notes().forEach(progress::note);
                model = Decoder.load(
                        source,
                        compute.precision().precision(),
                        compute.kernels(),
                        compute.device().device());
            }
            try (model) {
                return train(folder, config, compute, data, model, takeUp);
            }
        }
    }

    private int train(
            RunFolder folder,
            TrainConfig config,
            ComputeChoice compute,
            TrainingData data,
            Decoder model,
            boolean takeUp) {
        Objectives objectives = Objectives.of(world, config, data, compute.kernels(), model, folder, progress);
        prepare(model, config);
        Objective objective = objectives.train();
        List<Parameter> trained = objective.trainable();
        BatchStream stream = data.stream(config, new Share(world.rank(), world.size()));
        TrainingPlan plan = TrainingPlan.of(config, stream.stepsPerEpoch(), data.fingerprint());
        requireSameOnAllRanks(plan, trained);
        Sharding sharding = new Sharding(world, config.train());
        try (GradientBuckets buckets = sharding.buckets(trained);
                Trainer trainer = new Trainer(
                        world,
                        objective,
                        stream,
                        validation(objectives.validation(), data),
                        folder,
                        plan,
                        config.schedule().over(plan.steps(), config.optimizer().lr()),
                        buckets,
                        sharding.optimizer(config.optimizer(), trained, buckets, compute.rule()),
                        compute.kernels(),
                        progress,
                        stop)) {
            if (takeUp) {
                trainer.resume();
            }
            folder.writeConfig(config);
            Map<String, Object> environment = compute.environment(model.config().modelType());
            folder.writeEnvironment(environment, progress::note);
            if (world.first()) {
                folder.track(tracker(folder, config, environment));
            }
            RunSummary.lines(config, model, compute.describe(sharding), data, plan)
                    .forEach(progress::note);
            if (trainer.run() == Trainer.End.STOPPED) {
                folder.ended(Tracker.End.STOPPED);
                return stop.exitCode();
            }
        }
        if (world.first()) {
            Path written = FinalModel.write(folder.path(), config, model);
            folder.ended(Tracker.End.FINISHED);
            progress.note("done: " + written);
        }
        return 0;
    }

    private static void prepare(Decoder model, TrainConfig config) {
        TrainConfig.Lora lora = config.lora();
        String adapter = config.model().adapter();
        if (lora != null && adapter != null) {
            try (PeftAdapter trained = PeftAdapter.open(Path.of(adapter));
                    TensorScope scope = TensorScope.open()) {
                model.attach(trained.weights(), lora.dropout(), config.train().seed());
            }
        } else if (lora != null) {
            model.attach(FinalModel.lora(lora), config.train().seed());
        }
        model.recompute(config.train().recompute() == TrainConfig.Recompute.BLOCK);
    }

    private void requireSameOnAllRanks(TrainingPlan plan, List<Parameter> trained) {
        RankSums.requireSame(
                world,
                "%d steps of %d rows, seed %d, %d parameters trained, rows %s"
                        .formatted(
                                plan.steps(),
                                plan.batchSize(),
                                plan.seed(),
                                Parameter.count(trained),
                                plan.dataFingerprint()));
    }

    private @Nullable Validation validation(@Nullable Objective objective, TrainingData data) {
        StepRows rows = data.validation();
        return objective == null || rows == null ? null : new Validation(world, objective, rows, data.packer());
    }

    private Tracker tracker(RunFolder folder, TrainConfig config, Map<String, Object> environment) {
        return config.tracking() == null
                ? Tracker.NONE
                : Trackers.of(
                        config.tracking(),
                        RunSummary.facts(folder.path(), config, environment),
                        System.getenv(),
                        progress::note);
    }
}
