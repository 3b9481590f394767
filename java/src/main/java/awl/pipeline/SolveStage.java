package awl.pipeline;

import awl.ConfigException;
import awl.chat.ToolMode;
import awl.pipeline.PipelineConfig.SolvedBy;
import awl.sample.Sampling;
import awl.task.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Step 1: solutions with tools. The model tries every question under P_f, greedily and then by sampling where that
/// failed; or the scripts that came with the questions stand in. All tries stay in the file; [#kept] says which go on.
final class SolveStage {

    private final PipelineConfig config;
    private final Answerer answerer;
    private final StageNotes notes;

    SolveStage(PipelineConfig config, Answerer answerer, StageNotes notes) {
        this.config = config;
        this.answerer = answerer;
        this.notes = notes;
    }

    /// Fills the file up.
    void run(List<Problem> problems, Path file) {
        SolvedBy by = config.solve().by();
        if (by != SolvedBy.SCRIPT) {
            byModel(problems, file);
        }
        if (by != SolvedBy.MODEL) {
            byScript(
                    problems,
                    file,
                    by == SolvedBy.SCRIPT ? Set.of() : kept(file).keySet());
        }
    }

    private void byModel(List<Problem> problems, Path file) {
        for (int attempt = 0; attempt < config.solve().tries(); attempt++) {
            Set<String> solved = kept(file).keySet();
            List<AgentLoop.Question> questions = new ArrayList<>();
            for (Problem problem : problems) {
                if (!solved.contains(problem.id())) {
                    questions.add(new AgentLoop.Question(problem, ToolMode.FORCED, attempt));
                }
            }
            double temperature = attempt == 0 ? 0 : config.solve().temperature();
            Sampling sampling = temperature == 0 ? Sampling.GREEDY : Sampling.at(temperature, config.seed());
            if (attempt > 0 && temperature == 0) {
                return; // it would say the same again
            }
            answerer.answer(questions, sampling, answerer.setting(), file, true, notes, "solutions with tools");
        }
    }

    private void byScript(List<Problem> problems, Path file, Set<String> solved) {
        ScriptedTrajectories scripts = new ScriptedTrajectories(answerer.renderer(), answerer.setting());
        try (AppendedFile out = AppendedFile.open(file, notes::say)) {
            Set<String> there = new HashSet<>();
            Trajectory.readAll(file).forEach(each -> there.add(each.key()));
            int none = 0;
            for (Problem problem : problems) {
                String key = Trajectory.key(problem.id(), ToolMode.FORCED, ScriptedTrajectories.ATTEMPT);
                if (there.contains(key) || solved.contains(problem.id())) {
                    continue;
                }
                Trajectory trace = scripts.trace(problem);
                if (trace == null) {
                    none++;
                } else {
                    out.append(trace.json(true));
                }
            }
            if (none > 0) {
                notes.say("%,d questions came without a scripted trace".formatted(none));
            }
        }
    }

    /// What goes on, by the question's id: right, to the end, and by a tool that answered. Of several the first try.
    static Map<String, Trajectory> kept(Path file) {
        Map<String, Trajectory> kept = new LinkedHashMap<>();
        for (Trajectory each : Trajectory.readAll(file)) {
            if (each.right() && each.answered() > 0 && each.stop() == Trajectory.Stop.ANSWERED) {
                kept.merge(each.id(), each, (one, two) -> order(two) < order(one) ? two : one);
            }
        }
        return kept;
    }

    private static int order(Trajectory each) {
        return each.scripted() ? Integer.MAX_VALUE : each.attempt();
    }

    /// @throws ConfigException where nothing can go on
    static void requireSome(Map<String, Trajectory> kept, Path file, SolvedBy by) {
        if (!kept.isEmpty()) {
            return;
        }
        long right = Trajectory.readAll(file).stream().filter(Trajectory::right).count();
        throw new ConfigException(
                "%s: no question was solved with tools (%d answers are right, none of them by a tool's result): there is nothing to learn from; %s"
                        .formatted(
                                file,
                                right,
                                by == SolvedBy.MODEL
                                        ? "take scripted traces with solve.by: both, or teach the model the form of calls first with bootstrap.epochs"
                                        : "the questions need traces that lead to their answers (awl problems check FILE)"));
    }
}
