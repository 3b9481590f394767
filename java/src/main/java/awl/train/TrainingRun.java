package awl.train;

import awl.ConfigException;
import awl.data.BatchStream;
import awl.data.Example;
import awl.data.RowRenderer;
import awl.data.Share;
import awl.data.StepRows;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.PeftAdapter;
import awl.model.TensorSource;
import awl.optim.AdamW;
import awl.optim.AdamWRule;
import awl.optim.Optimizer;
import awl.parallel.GradientBuckets;
import awl.parallel.ShardedOptimizer;
import awl.parallel.World;
import awl.tensor.Cuda;
import awl.tensor.DeviceChoice;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import awl.tensor.Threads;
import awl.track.RunFacts;
import awl.track.Tracker;
import awl.track.Trackers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
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
            DeviceChoice device = device();
            Cuda.use(device.device());
            Kernels kernels = KernelSelection.forThisMachine(kernelsWanted, device.device())
                    .open();
            PrecisionChoice precision = precision(before, device.device(), kernels);
            TrainConfig config = asked.withPrecision(precision.precision().toString());
            if (before != null) {
                SameNumbers.require(folder.path(), before, config, progress::note);
            }
            try {
                return load(folder, config, device, precision, kernels, resume);
            } catch (Resume.NothingWholeException e) {
                progress.note(e.getMessage() + ": starting from the beginning");
                return load(folder, config, device, precision, kernels, false);
            }
        }
    }

    private int load(
            RunFolder folder,
            TrainConfig config,
            DeviceChoice device,
            PrecisionChoice precision,
            Kernels kernels,
            boolean takeUp) {
        try (TensorScope scope = TensorScope.open()) {
            TrainingData data;
            Decoder model;
            // Closed before training begins: what was read of it counts as memory of this process.
            try (TensorSource source = Checkpoint.open(Path.of(config.model().path()))) {
                data = TrainingData.read(
                        config, source.config().vocabSize(), source.config().maxPositions(), renderer);
                data.notes().forEach(progress::note);
                model = Decoder.load(source, precision.precision(), kernels, device.device());
            }
            try (model) {
                return train(folder, config, device, precision, data, kernels, model, takeUp);
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

    /// Ranks have their devices from the start, for what they exchange lies there.
    private DeviceChoice device() {
        return world.size() == 1
                ? DeviceChoice.here(asked.model().device())
                : world.exchange().place();
    }

    /// As the first rank chose it: machines may differ in what is fast.
    private PrecisionChoice precision(@Nullable TrainConfig before, DeviceHandle device, Kernels kernels) {
        PrecisionChoice own = world.first() ? chosen(before, device, kernels) : null;
        String agreed =
                world.gather(own == null ? "" : own.precision().toString()).getFirst();
        return own == null ? new PrecisionChoice(Precision.parse(agreed), "as rank 0 has chosen") : own;
    }

    private PrecisionChoice chosen(@Nullable TrainConfig before, DeviceHandle device, Kernels kernels) {
        if (before != null && asked.model().precision().equals("auto")) {
            return new PrecisionChoice(Precision.parse(before.model().precision()), "auto: as this run was started");
        }
        return PrecisionChoice.of(asked.model().precision(), device, kernels);
    }

    private int train(
            RunFolder folder,
            TrainConfig config,
            DeviceChoice device,
            PrecisionChoice precision,
            TrainingData data,
            Kernels kernels,
            Decoder model,
            boolean takeUp) {
        Objectives objectives = Objectives.of(world, config, data, kernels, model, folder, progress);
        prepare(model, config);
        Objective objective = objectives.train();
        BatchStream stream = data.stream(config, new Share(world.rank(), world.size()));
        Trainer.Plan plan = plan(config, stream, data.fingerprint());
        requireSameOnAllRanks(plan, objective);
        AdamWRule rule = AdamWRule.best(kernels);
        TrainConfig.Optimizer adam = config.optimizer();
        try (GradientBuckets buckets = buckets(objective.trainable(), config.train());
                Trainer trainer = new Trainer(
                        world,
                        objective,
                        stream,
                        validation(objectives.validation(), data, world),
                        folder,
                        plan,
                        config.schedule().over(plan.steps(), adam.lr()),
                        buckets,
                        optimizer(config, objective, buckets, rule),
                        kernels,
                        progress,
                        stop)) {
            if (takeUp) {
                trainer.resume();
            }
            folder.writeConfig(config);
            Map<String, Object> environment = environment(device, precision, kernels, rule, model, world);
            folder.writeEnvironment(environment, progress::note);
            if (world.first()) {
                folder.track(tracker(folder, config, environment));
            }
            say(config, data, plan, model, device, precision, kernels, rule);
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

    private GradientBuckets buckets(List<Parameter> trained, TrainConfig.Train how) {
        long bytes = (long) how.bucketMib() << 20;
        return how.zero() > 1
                ? GradientBuckets.sharded(world, trained, bytes, how.overlap())
                : GradientBuckets.whole(world, trained, bytes, how.overlap());
    }

    private Optimizer optimizer(TrainConfig config, Objective objective, GradientBuckets buckets, AdamWRule rule) {
        TrainConfig.Optimizer adam = config.optimizer();
        AdamW.Settings settings =
                new AdamW.Settings(adam.betas().getFirst(), adam.betas().getLast(), adam.eps(), adam.weightDecay());
        return world.size() > 1 && config.train().zero() > 0
                ? new ShardedOptimizer(world, objective.trainable(), buckets, settings, rule)
                : new AdamW(Trainer.slots(objective), settings, rule);
    }

    private void requireSameOnAllRanks(Trainer.Plan plan, Objective objective) {
        long trained =
                objective.trainable().stream().mapToLong(Parameter::count).sum();
        RankSums.requireSame(
                world,
                "%d steps of %d rows, seed %d, %d parameters trained, rows %s"
                        .formatted(plan.steps(), plan.batchSize(), plan.seed(), trained, plan.dataFingerprint()));
    }

    private Tracker tracker(RunFolder folder, TrainConfig config, Map<String, Object> environment) {
        if (config.tracking() == null) {
            return Tracker.NONE;
        }
        RunFacts facts = facts(folder.path(), config, environment);
        return Trackers.of(config.tracking(), facts, System.getenv(), progress::note);
    }

    /// What trackers are told of a run.
    public static RunFacts facts(Path folder, TrainConfig config, Map<String, ?> environment) {
        Map<String, String> parameters = new LinkedHashMap<>();
        YamlRecords.flat(config).forEach((key, value) -> {
            if (!key.startsWith("tracking.")) {
                parameters.put(key, value.isTextual() ? value.textValue() : value.toString());
            }
        });
        Map<String, String> surroundings = new LinkedHashMap<>();
        environment.forEach((key, value) -> surroundings.put(key, String.valueOf(value)));
        return new RunFacts(folder, ConfigFile.write(config), parameters, surroundings);
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

    private static Trainer.Plan plan(TrainConfig config, BatchStream stream, String fingerprint) {
        TrainConfig.Train train = config.train();
        Long steps = train.steps();
        Double epochs = train.epochs();
        long total = steps != null
                ? steps
                : (long) Math.ceil(java.util.Objects.requireNonNull(epochs) * stream.stepsPerEpoch() - 1e-9);
        return new Trainer.Plan(
                Math.max(1, total),
                train.batchSize(),
                train.seed(),
                train.clipNorm(),
                config.checkpoint().every(),
                config.checkpoint().keep(),
                config.checkpoint().background(),
                fingerprint);
    }

    private void say(
            TrainConfig config,
            TrainingData data,
            Trainer.Plan plan,
            Decoder model,
            DeviceChoice device,
            PrecisionChoice precision,
            Kernels kernels,
            AdamWRule rule) {
        long trained = model.trainable().stream().mapToLong(Parameter::count).sum();
        long all = model.parameters().stream().mapToLong(Parameter::count).sum();
        progress.note("%s, %,d of %,d parameters trained (%s) on %s, %s (%s), kernels %s, AdamW by %s, %s"
                .formatted(
                        config.model().path(),
                        trained,
                        all,
                        config.lora() == null ? "full" : "LoRA",
                        device,
                        precision.precision(),
                        precision.reason(),
                        kernels.name(),
                        rule.name(),
                        world.size() == 1
                                ? Threads.count() + " threads"
                                : "%d ranks of %d threads over %s%s"
                                        .formatted(
                                                world.size(),
                                                Threads.count(),
                                                world.exchange().kind(),
                                                shares(config.train().zero()))));
        List<Example> rows = data.train().examples();
        long tokens = rows.stream().mapToLong(Example::tokens).sum();
        long learned = rows.stream().mapToLong(Example::learned).sum();
        String kind = config.objective().type().preference() ? "pairs" : "rows";
        progress.note("%s: %,d %s, %,d tokens, %,d of them learned; %,d steps of %d %s"
                .formatted(
                        config.objective().type().key(),
                        data.train().size(),
                        kind,
                        tokens,
                        learned,
                        plan.steps(),
                        plan.batchSize(),
                        kind));
        if (data.train().size() < plan.batchSize()) {
            progress.note("train.batch_size is more than there are %s: a step has all of them once".formatted(kind));
        }
    }

    private static String shares(int zero) {
        return switch (zero) {
            case 0 -> "";
            case 1 -> ", optimiser state in shares";
            default -> ", optimiser state and gradients in shares";
        };
    }

    private static @Nullable Validation validation(@Nullable Objective objective, TrainingData data, World world) {
        StepRows rows = data.validation();
        return objective == null || rows == null ? null : new Validation(world, objective, rows, data.packer());
    }

    private static Map<String, Object> environment(
            DeviceChoice device,
            PrecisionChoice precision,
            Kernels kernels,
            AdamWRule rule,
            Decoder model,
            World world) {
        Map<String, Object> facts = Environment.of(device, kernels);
        facts.put("ranks", world.size());
        facts.put("exchange", world.exchange().toString());
        facts.put("precision", precision.precision().toString());
        facts.put("precision_reason", precision.reason());
        facts.put("optimizer", rule.name());
        facts.put("model_type", model.config().modelType());
        return facts;
    }
}
