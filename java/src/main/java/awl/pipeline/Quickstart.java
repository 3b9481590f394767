package awl.pipeline;

import awl.ConfigException;
import awl.Json;
import awl.chat.ToolMode;
import awl.sample.Sampling;
import awl.task.mini.MiniProblem;
import awl.task.mini.MiniQuestions;
import awl.tensor.LibTorch;
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

/// `awl quickstart`: the method on a tiny model made here, from random weights to an evaluated model.
///
/// Every stage leaves a file or folder that is there whole or not at all, so a run that was ended goes on with the
/// first
/// stage that is not.
public final class Quickstart {

    private static final int STAGES = 3;

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
                        plan.seed()));
        train("the format of calls and answers, from scripted conversations", bootstrap);
        List<Evaluation> evaluations = new ArrayList<>();
        log.stage("evaluation", () -> false, () -> {
            evaluations.add(evaluate("untrained", untrained, unseen.subList(0, Math.min(65, unseen.size()))));
            evaluations.add(evaluate("base", bootstrap.model(folder), unseen));
        });
        out.println();
        out.print(ResultTable.text(evaluations));
    }

    private void train(String title, TrainingStage stage) {
        log.stage(title, () -> Files.exists(stage.model(folder)), () -> {
            int code = stage.run(folder, stop);
            if (code != 0) {
                throw new Stopped(code);
            }
        });
    }

    private Evaluation evaluate(String name, Path model, List<MiniProblem> questions) {
        Path file = folder.resolve("evaluation-" + name + ".jsonl");
        if (!Files.exists(file)) {
            try (Episodes episodes = Episodes.open(model)) {
                List<Episodes.Asked> asked = new ArrayList<>();
                for (ToolMode mode : ToolMode.values()) {
                    questions.forEach(each -> asked.add(new Episodes.Asked(each, mode, 0)));
                }
                EpisodeFile.write(
                        file, episodes.run(asked, Sampling.GREEDY, log.progress("answers of " + name, asked.size())));
            }
        }
        return Evaluation.of(name, EpisodeFile.read(file, byId));
    }
}
