package awl.pipeline;

import awl.ConfigException;
import awl.Json;
import awl.chat.ToolMode;
import awl.pipeline.PipelineConfig.Variant;
import awl.task.Problem;
import awl.task.ProblemFile;
import awl.task.Split;
import awl.tensor.LibTorch;
import awl.tensor.Threads;
import awl.train.RunFolder;
import awl.train.StopSignal;
import awl.train.YamlRecords;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// `awl run`: the method from questions to an evaluated model, stage by stage, in one folder.
///
/// Stages speak files. A run that ended, however it did, goes on with the first line that is missing.
public final class Pipeline {

    /// Keys that may differ when a run goes on: they change how fast it is and what is measured, not what is learned.
    private static final List<String> MAY_CHANGE = List.of(
            "output",
            "model.path",
            "policy.",
            "checkpoint.",
            "tracking.",
            "evaluate.",
            "episode.batch",
            "episode.batch_tokens",
            "problems.train_files",
            "problems.test_files");

    private final PipelineConfig config;
    private final StopSignal stop;
    private final PrintStream out;
    private final RunLayout layout;
    private final List<Step> steps = new ArrayList<>();

    private record Step(String title, BooleanSupplier done, Consumer<StageNotes> work) {}

    /// @param config its `output` gets everything
    /// @param out told how it fares, and the table at the end
    public Pipeline(PipelineConfig config, StopSignal stop, PrintStream out) {
        this.config = config;
        this.stop = stop;
        this.out = out;
        this.layout = new RunLayout(Path.of(config.output()));
    }

    /// Runs what is not done.
    ///
    /// @param threads that compute; null for one a core
    /// @return exit code: 0, or that of the signal that stopped it
    public int run(@Nullable Integer threads) {
        LibTorch.await();
        if (threads != null) {
            Threads.set(threads);
        }
        try (RunFolder lock = RunFolder.open(layout.folder())) {
            requireSameConfig();
            MachineFacts.write(lock, config.model().device(), config.model().precision(), out::println);
            plan();
            StageLog log = new StageLog(layout.folder(), out, steps.size());
            for (Step step : steps) {
                log.stage(step.title, step.done, () -> step.work.accept(log));
                if (stop.isRequested()) {
                    return stop.exitCode();
                }
            }
            return 0;
        } catch (StageStopped e) {
            out.println("stopped; the same command goes on");
            return e.exitCode();
        }
    }

    private void plan() {
        ModelRef given = ModelRef.of(config.model());
        step("questions", () -> Files.exists(layout.unseen()), this::questions);
        ModelRef base = given;
        Double bootstrapEpochs = config.bootstrap().epochs();
        if (bootstrapEpochs != null && bootstrapEpochs > 0) {
            ModelTraining bootstrap = training("bootstrap", given, config.bootstrap(), ModelTraining.plain(config), 1);
            train("bootstrap on scripted traces", bootstrap, notes -> bootstrapRows(given, notes));
            base = bootstrap.model();
        }
        ModelRef begin = base;
        step("solutions with tools (P_f)", () -> false, notes -> solve(begin, notes));
        step("solutions without tools", () -> false, notes -> restate(begin, notes));
        Map<String, ModelRef> models = new LinkedHashMap<>();
        models.put(Variant.BASE.label(), begin);
        List<Variant> wanted = config.evaluate().models();
        if (wanted.contains(Variant.KNOWLEDGE) || wanted.contains(Variant.MIXED)) {
            ModelTraining knowledge = training("knowledge", begin, config.knowledge(), ModelTraining.plain(config), 2);
            train(
                    "knowledge: solutions without tools under P_n (WKD)",
                    knowledge,
                    notes -> composing(
                            begin,
                            compose -> notes.say(compose.knowledge(derivations(), layout.rows("knowledge"))
                                    .toString())));
            models.put(Variant.KNOWLEDGE.label(), knowledge.model());
            if (wanted.contains(Variant.MIXED)) {
                rounds(knowledge.model(), models);
            }
        }
        if (wanted.contains(Variant.TRACES_ONLY)) {
            ModelTraining traces = training("traces-only", begin, config.mixed(), ModelTraining.plain(config), 3);
            train(
                    "for comparison: all traces under P_i",
                    traces,
                    notes -> composing(
                            begin,
                            compose ->
                                    notes.say(compose.traces(solutions(), ToolMode.OPTIONAL, layout.rows("traces-only"))
                                            .toString())));
            models.put(Variant.TRACES_ONLY.label(), traces.model());
        }
        if (wanted.contains(Variant.TUA_ONLY)) {
            partition("tua-only-", begin);
            ModelTraining tua = training("tua-only", begin, config.mixed(), ModelTraining.mixed(config, 0.0), 4);
            train(
                    "for comparison: easy and hard without knowledge",
                    tua,
                    notes -> compose("tua-only-", begin, false, "tua-only", notes));
            models.put(Variant.TUA_ONLY.label(), tua.model());
        }
        if (config.preference().proposals() > 0) {
            preference(models);
        }
        measure(models);
    }

    private void step(String title, BooleanSupplier done, Consumer<StageNotes> work) {
        steps.add(new Step(title, done, work));
    }

    private ModelTraining training(
            String run, ModelRef begin, PipelineConfig.Length length, ObjectNode objective, int number) {
        return new ModelTraining(
                config, layout.run(run), begin, layout.rows(run), length, objective, config.seed() + 10L * number);
    }

    /// @param rows writes what is learned
    private void train(String title, ModelTraining training, Consumer<StageNotes> rows) {
        step(title, training::done, notes -> {
            rows.accept(notes);
            training.run(stop);
        });
    }

    private void rounds(ModelRef knowledge, Map<String, ModelRef> models) {
        ModelRef begin = knowledge;
        for (int round = 1; round <= config.rounds(); round++) {
            String part = RunLayout.round(round);
            ModelRef from = begin;
            partition(part, from);
            String run = part + "mixed";
            ModelTraining mixed = training(run, from, config.mixed(), ModelTraining.mixed(config, null), 10 * round);
            String title = "mixed: knowledge, easy directly, hard with tools";
            train(
                    config.rounds() == 1 ? title : title + ", round " + round,
                    mixed,
                    notes -> compose(part, from, true, run, notes));
            boolean last = round == config.rounds();
            models.put(last ? Variant.MIXED.label() : "mixed-" + round, mixed.model());
            begin = mixed.model();
        }
    }

    private void partition(String part, ModelRef model) {
        step(
                "easy or hard: tries without tools",
                () -> Files.exists(layout.difficulty(part)),
                notes -> answering(
                        model,
                        answerer -> new PartitionStage(config, answerer, notes)
                                .run(known(), layout.tries(part), layout.difficulty(part))));
    }

    /// Questions that have something to learn from.
    private List<Problem> known() {
        Map<String, Trajectory> solutions = solutions();
        Map<String, Trajectory> derivations = derivations();
        return ProblemFile.read(layout.training()).stream()
                .filter(each -> solutions.containsKey(each.id()) || derivations.containsKey(each.id()))
                .toList();
    }

    private void compose(String part, ModelRef model, boolean knowledge, String run, StageNotes notes) {
        Map<String, Difficulty> difficulty = Difficulty.read(layout.difficulty(part));
        composing(model, compose -> {
            ComposeStage.Counts counts =
                    compose.mixed(solutions(), derivations(), difficulty, knowledge, layout.rows(run));
            notes.say(counts.toString());
            if (counts.easy() == 0 || counts.hard() == 0) {
                notes.say("no %s question: the other parts take its share"
                        .formatted(counts.easy() == 0 ? "easy" : "hard"));
            }
        });
    }

    private void questions(StageNotes notes) {
        ProblemSource source = new ProblemSource(config.problems(), notes);
        List<Problem> unseen = new ArrayList<>(source.unseen());
        List<Problem> training = source.checked(source.training(), unseen, demonstrations());
        if (training.isEmpty() || unseen.isEmpty()) {
            throw new ConfigException("problems: %d questions to train on and %d unseen ones: both are needed"
                    .formatted(training.size(), unseen.size()));
        }
        ProblemFile.write(layout.training(), training);
        if (config.problems().open() > 0) {
            ProblemFile.write(layout.open(), source.open(Split.TRAIN));
            unseen.addAll(source.open(Split.TEST));
        }
        ProblemFile.write(layout.unseen(), unseen);
        notes.say("%,d to train on, %,d unseen".formatted(training.size(), unseen.size()));
    }

    private List<Problem> demonstrations() {
        String file = config.prompts().demonstrations();
        return file == null ? List.of() : ProblemFile.read(Path.of(file));
    }

    private void bootstrapRows(ModelRef model, StageNotes notes) {
        answering(model, answerer -> {
            ScriptedTrajectories scripts = new ScriptedTrajectories(answerer.renderer(), answerer.setting());
            Map<String, Trajectory> traces = new LinkedHashMap<>();
            List<Problem> problems = ProblemFile.read(layout.training());
            for (Problem problem : problems) {
                Trajectory trace = scripts.trace(problem);
                if (trace != null && trace.right()) {
                    traces.put(problem.id(), trace);
                }
            }
            SolveStage.requireSome(traces, layout.training(), PipelineConfig.SolvedBy.SCRIPT);
            ComposeStage compose = new ComposeStage(config, ProblemSource.byId(problems), answerer);
            notes.say(compose.traces(traces, ToolMode.FORCED, layout.rows("bootstrap"))
                    .toString());
        });
    }

    private void solve(ModelRef model, StageNotes notes) {
        List<Problem> problems = ProblemFile.read(layout.training());
        answering(model, answerer -> new SolveStage(config, answerer, notes).run(problems, layout.solutions()));
        Map<String, Trajectory> kept = solutions();
        SolveStage.requireSome(kept, layout.solutions(), config.solve().by());
        notes.say("%,d of %,d questions solved with tools and right".formatted(kept.size(), problems.size()));
    }

    private void restate(ModelRef model, StageNotes notes) {
        Map<String, Problem> problems = ProblemSource.byId(ProblemFile.read(layout.training()));
        answering(
                model,
                answerer -> new RestateStage(config, answerer, notes).run(problems, solutions(), layout.derivations()));
        Map<String, Trajectory> kept = derivations();
        if (kept.isEmpty()) {
            throw new ConfigException(
                    layout.derivations()
                            + ": no solution without tools is right and mentions none; take the derivations that came with the questions (solve.restate: both) or the last turns of the traces (conclusion)");
        }
        notes.say("%,d of them told without tools and right".formatted(kept.size()));
    }

    private void preference(Map<String, ModelRef> models) {
        ModelRef begin = java.util.Objects.requireNonNull(models.get(Variant.MIXED.label()), "checked with the keys");
        PipelineConfig.Preference wanted = config.preference();
        step(
                "open-ended questions: proposals, ranked",
                () -> Files.exists(layout.pairs()),
                notes -> answering(begin, answerer -> {
                    List<Problem> open = ProblemFile.read(layout.open());
                    RankStage rank = new RankStage(config, answerer, notes);
                    rank.propose(open, layout.proposals());
                    if (rank.rank(open, layout.proposals(), layout.pairs()) == 0) {
                        notes.say("nothing to prefer: the preference stage is left out");
                    }
                }));
        ObjectNode objective = config.objective().objectNode();
        objective.put("type", wanted.type()).put("beta", wanted.beta()).put("sft_weight", wanted.sftWeight());
        Path adapter = begin.adapter();
        objective.put("reference", (adapter == null ? begin.path() : adapter).toString());
        ModelTraining training = new ModelTraining(
                config,
                layout.run("preference"),
                begin,
                layout.pairs(),
                new PipelineConfig.Length(wanted.epochs(), wanted.lr()),
                objective,
                config.seed() + 50);
        step("preferences (" + wanted.type() + ")", () -> training.done(), notes -> {
            if (!AppendedFile.rows(layout.pairs()).isEmpty()) {
                training.run(stop);
            }
        });
        models.put("preference", training.model());
    }

    private void measure(Map<String, ModelRef> models) {
        List<String> measured = new ArrayList<>();
        List<String> labels =
                config.evaluate().models().stream().map(Variant::label).toList();
        models.forEach((name, model) -> {
            boolean wanted = labels.contains(name) || name.startsWith("mixed-") || name.equals("preference");
            if (wanted) {
                measured.add(name);
                step("evaluation of " + name, () -> false, notes -> {
                    if (name.equals("preference") && !Files.isDirectory(layout.run(name))) {
                        return; // there was nothing to prefer
                    }
                    List<Problem> unseen = ProblemFile.read(layout.unseen());
                    answering(
                            model,
                            answerer ->
                                    new EvaluateStage(config, answerer, notes).run(unseen, layout.evaluation(name)));
                });
            }
        });
        step("report", () -> false, notes -> new ReportStage(config, layout).run(measured, out));
    }

    private interface Work {
        void with(Answerer answerer);
    }

    private void answering(ModelRef model, Work work) {
        try (Answerer answerer = Answerer.open(config, model, stop, demonstrations())) {
            work.with(answerer);
        }
    }

    private void composing(ModelRef model, Consumer<ComposeStage> work) {
        Map<String, Problem> problems = ProblemSource.byId(ProblemFile.read(layout.training()));
        answering(model, answerer -> work.accept(new ComposeStage(config, problems, answerer)));
    }

    private Map<String, Trajectory> solutions() {
        return SolveStage.kept(layout.solutions());
    }

    private Map<String, Trajectory> derivations() {
        return RestateStage.kept(layout.derivations());
    }

    /// Goes on only with the numbers and prompts the folder was begun with.
    private void requireSameConfig() {
        String prompts = Json.writeIndented(PromptTexts.of(config.prompts()).json()) + "\n";
        try {
            if (!Files.exists(layout.config())) {
                Files.writeString(layout.prompts(), prompts);
                Path beside = layout.folder().resolve(".pipeline.yaml.part");
                Files.writeString(beside, "# as it was begun, defaults filled in\n" + PipelineConfigFile.write(config));
                Files.move(beside, layout.config(), java.nio.file.StandardCopyOption.ATOMIC_MOVE);
                return;
            }
            PipelineConfig before = PipelineConfigFile.read(layout.config(), List.of());
            Map<String, JsonNode> old = YamlRecords.flat(before);
            Map<String, JsonNode> now = YamlRecords.flat(config);
            TreeSet<String> keys = new TreeSet<>(old.keySet());
            keys.addAll(now.keySet());
            for (String key : keys) {
                boolean free = MAY_CHANGE.stream()
                        .anyMatch(each -> each.endsWith(".") ? key.startsWith(each) : key.equals(each));
                if (!free && !java.util.Objects.equals(old.get(key), now.get(key))) {
                    throw new ConfigException(
                            "%s was begun with %s %s, now it is %s; put it back, or name another output"
                                    .formatted(layout.folder(), key, old.get(key), now.get(key)));
                }
            }
            if (!Files.readString(layout.prompts()).equals(prompts)) {
                throw new ConfigException("%s was begun with other prompts (%s); put them back, or name another output"
                        .formatted(layout.folder(), layout.prompts()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot use " + layout.folder(), e);
        }
    }
}
