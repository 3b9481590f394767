package awl.pipeline;

import awl.ConfigException;
import awl.Json;
import awl.chat.ToolMode;
import awl.sample.Sampling;
import awl.task.mini.MiniProblem;
import awl.task.mini.MiniQuestions;
import awl.tensor.LibTorch;
import awl.tensor.Precision;
import awl.tensor.Threads;
import awl.token.CheckpointText;
import awl.train.RunFolder;
import awl.train.StopSignal;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// `awl quickstart`: the method on a tiny model made here, from random weights to an evaluated model.
///
/// Every stage leaves a file or folder that is there whole or not at all, so a run that was ended goes on
/// with the first stage that is not.
public final class Quickstart {

    private static final int STAGES = 11;

    /// What training after the bootstrap begins with, every stage with a fresh optimiser.
    private static final double RATE = 1e-3;

    private static final int BATCH = 32;

    /// How often a failed question is tried again under P_f, by sampling.
    private static final int RETRIES = 2;

    /// Temperature of proposals: higher than that of tries, for they should differ.
    private static final double PROPOSING = 1.0;

    private final QuickstartPlan plan;
    private final Path folder;
    private final StopSignal stop;
    private final PrintStream out;
    private final StageLog log;
    private final List<MiniProblem> training;
    private final List<MiniProblem> unseen;
    private final Map<String, MiniProblem> byId;

    /// A stage was asked to stop by a signal.
    private static final class Stopped extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final int exitCode;

        Stopped(int exitCode) {
            super("stopped");
            this.exitCode = exitCode;
        }
    }

    /// @param folder gets everything; goes on with what is there
    public Quickstart(QuickstartPlan plan, Path folder, StopSignal stop, PrintStream out) {
        this.plan = plan;
        this.folder = folder;
        this.stop = stop;
        this.out = out;
        Set<String> taken = new HashSet<>();
        // Unseen questions are made first and never come again in training.
        this.unseen = new MiniQuestions(plan.seed() + 200).distinct(plan.evaluated(), plan.kinds(), "e", taken);
        this.training = new MiniQuestions(plan.seed() + 300).distinct(plan.problems(), plan.kinds(), "t", taken);
        this.byId = new LinkedHashMap<>();
        unseen.forEach(each -> byId.put(each.id(), each));
        training.forEach(each -> byId.put(each.id(), each));
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new ConfigException(folder + ": cannot be made: " + e, e);
        }
        this.log = new StageLog(folder, out, STAGES);
    }

    /// Runs all stages that are not done.
    ///
    /// @param threads that compute
    /// @return exit code: 0, or that of the signal that stopped it
    public int run(int threads) {
        LibTorch.await();
        Threads.set(threads);
        try (RunFolder lock = RunFolder.open(folder)) {
            requireSamePlan();
            MachineFacts.write(lock, "auto", Precision.FP32.toString(), out::println);
            stages();
            return 0;
        } catch (Stopped e) {
            return e.exitCode;
        }
    }

    private void requireSamePlan() {
        Path file = folder.resolve("quickstart.json");
        String now = Json.writeIndented(plan.json()) + "\n";
        try {
            if (!Files.exists(file)) {
                Files.writeString(file, now);
            } else if (!Json.object(Files.readString(file), file.toString()).equals(Json.object(now, "plan"))) {
                throw new ConfigException(
                        "%s was begun with other numbers (%s); name another --output, or remove the folder"
                                .formatted(folder, file));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot use " + file, e);
        }
    }

    private void stages() {
        Path untrained = folder.resolve("untrained");
        Path scripted = folder.resolve("bootstrap.jsonl");
        Path held = folder.resolve("bootstrap-held.jsonl");
        log.stage("questions, scripted conversations, an untrained model", () -> Files.exists(held), () -> {
            MiniModel.write(untrained, folder.resolve("text"), plan.seed());
            try (CheckpointText text = CheckpointText.folder(untrained)) {
                var renderer = text.renderer(true);
                BootstrapRows.write(
                        scripted,
                        renderer,
                        plan.kinds(),
                        plan.seed() + 100,
                        plan.bootstrapSteps(),
                        plan.bootstrapBatch());
                BootstrapRows.write(held, renderer, plan.kinds(), plan.seed() + 101, 10, plan.bootstrapBatch());
            }
        });
        TrainingStage bootstrap = new TrainingStage(
                "base",
                untrained,
                scripted,
                held,
                new TrainingStage.Recipe(
                        2e-3,
                        "epochs: 1",
                        plan.bootstrapBatch(),
                        "warmup_steps: 200",
                        "token_mean",
                        false,
                        plan.seed(),
                        ""));
        train("the format of calls and answers, from scripted conversations", bootstrap);
        Path base = bootstrap.model(folder);
        Path kept = folder.resolve("solutions.jsonl");
        log.stage("solutions with tools, by the model itself", () -> Files.exists(kept), () -> solve(base, kept));
        List<Episode> solutions = EpisodeFile.read(kept, byId);
        log.say("%,d of %,d solutions kept: right, and the answer is what the tool said"
                .formatted(solutions.size(), training.size()));

        Composition composition = new Composition(base);
        Path knowledgeRows = folder.resolve("knowledge.jsonl");
        Path traceRows = folder.resolve("traces-only.jsonl");
        composition.knowledge(solutions, plan.replay(), knowledgeRows);
        composition.traces(solutions, traceRows);
        TrainingStage knowledge =
                new TrainingStage("knowledge", base, knowledgeRows, null, recipe(plan.knowledgeEpochs()));
        train("knowledge: the solutions told without tools (WKD)", knowledge);
        Path wkd = knowledge.model(folder);

        Path tries = folder.resolve("tries.jsonl");
        log.stage(
                "easy or hard: " + plan.samples() + " tries of each question without tools",
                () -> Files.exists(tries),
                () -> {
                    List<Episodes.Asked> asked = new ArrayList<>();
                    // The tries of a question one behind the other: its prompt is read once.
                    for (Episode solution : solutions) {
                        for (int k = 1; k <= plan.samples(); k++) {
                            asked.add(new Episodes.Asked(solution.problem(), ToolMode.NONE, asked.size()));
                        }
                    }
                    ask(wkd, asked, Sampling.at(plan.temperature(), plan.seed()), tries);
                });
        Partition partition = Partition.of(EpisodeFile.read(tries, byId), plan.threshold());
        partition.write(folder.resolve("difficulty.jsonl"));
        log.say(partition.toString());

        Path mixedRows = folder.resolve("mixed.jsonl");
        composition.mixed(solutions, partition, mixedRows);
        TrainingStage mixed = new TrainingStage(
                "mixed", wkd, mixedRows, null, recipe(plan.mixedEpochs()).mixed(plan.alpha(), plan.lambda()));
        train("mixed: knowledge, easy questions directly, hard ones with tools (AWL)", mixed);
        Path preferred = preferences(mixed.model(folder), solutions, partition);
        TrainingStage traces = new TrainingStage("traces-only", base, traceRows, null, recipe(plan.mixedEpochs()));
        train("for comparison: traces only", traces);

        List<Evaluation> evaluations = new ArrayList<>();
        log.stage("evaluation on unseen questions", () -> false, () -> {
            evaluations.add(evaluate("base", base));
            evaluations.add(evaluate("knowledge", wkd));
            evaluations.add(evaluate("traces-only", traces.model(folder)));
            evaluations.add(evaluate("mixed", mixed.model(folder)));
            if (preferred != null) {
                evaluations.add(evaluate("preferred", preferred));
            }
        });
        log.stage("report", () -> false, () -> report(evaluations, solutions, partition));
    }

    /// The preference round: proposals of the adapted model, ranked, the better ones preferred.
    ///
    /// @return the model that comes out; null where there was nothing to prefer
    private @Nullable Path preferences(Path model, List<Episode> solutions, Partition partition) {
        Path proposals = folder.resolve("proposals.jsonl");
        log.stage("proposals of the adapted model, to be ranked", () -> Files.exists(proposals), () -> {
            List<Episodes.Asked> asked = new ArrayList<>();
            for (Episode solution : solutions.subList(0, Math.min(plan.proposed(), solutions.size()))) {
                for (int k = 1; k <= plan.proposals(); k++) {
                    asked.add(new Episodes.Asked(solution.problem(), ToolMode.OPTIONAL, 2_000_000L + asked.size()));
                }
            }
            ask(model, asked, Sampling.at(PROPOSING, plan.seed()), proposals);
        });
        Path pairs = folder.resolve("pairs.jsonl");
        int count = Preferences.write(pairs, model, EpisodeFile.read(proposals, byId), solutions, partition);
        log.say("%,d pairs: the better answer preferred to a proposal that is wrong or chose the tool badly"
                .formatted(count));
        TrainingStage stage =
                new TrainingStage("preferred", model, pairs, null, recipe(1).preferences(0.1, 1.0));
        if (count == 0) {
            log.skip("preferences: nothing to prefer");
            return null;
        }
        train("preferences: the better proposal (DPO)", stage);
        return stage.model(folder);
    }

    private TrainingStage.Recipe recipe(int epochs) {
        return new TrainingStage.Recipe(
                RATE, "epochs: " + epochs, BATCH, "warmup_ratio: 0.1", "example_mean", true, plan.seed() + 5, "");
    }

    /// Stage 1: under P_f, failures again by sampling. Kept is what is right and says what the tool said: an answer
    /// that is
    /// right by luck would teach to ignore the tool.
    private void solve(Path model, Path file) {
        List<Episode> kept = new ArrayList<>();
        List<MiniProblem> left = training;
        try (Episodes episodes = Episodes.open(model)) {
            for (int attempt = 0; attempt <= RETRIES && !left.isEmpty(); attempt++) {
                List<Episodes.Asked> asked = new ArrayList<>();
                for (MiniProblem problem : left) {
                    asked.add(new Episodes.Asked(problem, ToolMode.FORCED, attempt * 1_000_000L + asked.size()));
                }
                Sampling sampling = attempt == 0 ? Sampling.GREEDY : Sampling.at(plan.temperature(), plan.seed());
                List<MiniProblem> failed = new ArrayList<>();
                for (Episode each : episodes.run(asked, sampling, log.progress("solutions", asked.size()))) {
                    if (each.right() && java.util.Objects.equals(each.answer(), each.observation())) {
                        kept.add(each);
                    } else {
                        failed.add(each.problem());
                    }
                }
                left = failed;
            }
        }
        if (plan.scripted()) {
            left.forEach(each -> kept.add(Episode.scripted(each)));
        }
        if (kept.isEmpty()) {
            throw new ConfigException("the bootstrapped model solved no question with tools: give it more steps");
        }
        EpisodeFile.write(file, kept);
    }

    private void ask(Path model, List<Episodes.Asked> asked, Sampling sampling, Path file) {
        try (Episodes episodes = Episodes.open(model)) {
            EpisodeFile.write(file, episodes.run(asked, sampling, log.progress("answers", asked.size())));
        }
    }

    private void report(List<Evaluation> evaluations, List<Episode> solutions, Partition partition) {
        Path page = folder.resolve("report.html");
        QuickstartReport.write(page, folder, plan, evaluations, solutions, partition, log.seconds());
        out.println();
        out.print(ResultTable.text(evaluations));
        out.println();
        out.println("report: " + page.toAbsolutePath());
    }

    private void train(String title, TrainingStage stage) {
        log.stage(title, () -> Files.exists(stage.model(folder)), () -> {
            int code = stage.run(folder, stop);
            if (code != 0) {
                throw new Stopped(code);
            }
        });
    }

    private Evaluation evaluate(String name, Path model) {
        Path file = folder.resolve("evaluation-" + name + ".jsonl");
        if (!Files.exists(file)) {
            List<Episodes.Asked> asked = new ArrayList<>();
            for (ToolMode mode : ToolMode.values()) {
                unseen.forEach(each -> asked.add(new Episodes.Asked(each, mode, 0)));
            }
            ask(model, asked, Sampling.GREEDY, file);
        }
        return Evaluation.of(name, EpisodeFile.read(file, byId));
    }
}
