package awl.pipeline;

import awl.ConfigException;
import awl.chat.ToolMode;
import awl.task.Problem;
import awl.task.ProblemFile;
import awl.task.Split;
import awl.train.StopSignal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/// The stages of `awl run` over the files of its folder; [Pipeline] has their order.
record RunStages(PipelineConfig config, RunLayout layout, StopSignal stop) {

    void questions(StageNotes notes) {
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

    void bootstrapRows(ModelRef model, StageNotes notes) {
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

    void solve(ModelRef model, StageNotes notes) {
        List<Problem> problems = ProblemFile.read(layout.training());
        answering(model, answerer -> new SolveStage(config, answerer, notes).run(problems, layout.solutions()));
        Map<String, Trajectory> kept = solutions();
        SolveStage.requireSome(kept, layout.solutions(), config.solve().by());
        notes.say("%,d of %,d questions solved with tools and right".formatted(kept.size(), problems.size()));
    }

    void restate(ModelRef model, StageNotes notes) {
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

    void partition(String part, ModelRef model, StageNotes notes) {
        answering(
                model,
                answerer -> new PartitionStage(config, answerer, notes)
                        .run(known(), layout.tries(part), layout.difficulty(part)));
    }

    /// Questions that have something to learn from.
    private List<Problem> known() {
        Map<String, Trajectory> solutions = solutions();
        Map<String, Trajectory> derivations = derivations();
        return ProblemFile.read(layout.training()).stream()
                .filter(each -> solutions.containsKey(each.id()) || derivations.containsKey(each.id()))
                .toList();
    }

    /// All solutions without tools under P_n.
    void knowledgeRows(ModelRef model, StageNotes notes) {
        composing(
                model,
                compose -> notes.say(compose.knowledge(derivations(), layout.rows("knowledge"))
                        .toString()));
    }

    /// All traces under P_i.
    void traceRows(ModelRef model, StageNotes notes) {
        composing(
                model,
                compose -> notes.say(compose.traces(solutions(), ToolMode.OPTIONAL, layout.rows("traces-only"))
                        .toString()));
    }

    void mixedRows(String part, ModelRef model, boolean knowledge, String run, StageNotes notes) {
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

    /// Proposals to open-ended questions, ranked.
    void rank(ModelRef model, StageNotes notes) {
        answering(model, answerer -> {
            List<Problem> open = ProblemFile.read(layout.open());
            RankStage rank = new RankStage(config, answerer, notes);
            rank.propose(open, layout.proposals());
            if (rank.rank(open, layout.proposals(), layout.pairs()) == 0) {
                notes.say("nothing to prefer: the preference stage is left out");
            }
        });
    }

    void evaluate(String name, ModelRef model, StageNotes notes) {
        List<Problem> unseen = ProblemFile.read(layout.unseen());
        answering(model, answerer -> new EvaluateStage(config, answerer, notes).run(unseen, layout.evaluation(name)));
    }

    private void answering(ModelRef model, Consumer<Answerer> work) {
        try (Answerer answerer = Answerer.open(config, model, stop, demonstrations())) {
            work.accept(answerer);
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
}
