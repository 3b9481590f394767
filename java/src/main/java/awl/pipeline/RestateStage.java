package awl.pipeline;

import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.grade.Grade;
import awl.pipeline.PipelineConfig.RestatedBy;
import awl.sample.Sampling;
import awl.task.Problem;
import awl.tool.ToolResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.regex.Pattern;

/// Solutions told without tools: by the model from question and trace, by the derivation that came with the question,
/// or by the trace's last turn. Only right ones that mention no tool go on.
final class RestateStage {

    private static final Pattern MENTION =
            Pattern.compile("\\b(?:tools?|tool_call|function call|simulator|calculator)\\b", Pattern.CASE_INSENSITIVE);

    private final PipelineConfig config;
    private final Answerer answerer;
    private final StageNotes notes;

    RestateStage(PipelineConfig config, Answerer answerer, StageNotes notes) {
        this.config = config;
        this.answerer = answerer;
        this.notes = notes;
    }

    /// Fills the file up.
    ///
    /// @param solutions kept ones, by id
    void run(Map<String, Problem> problems, Map<String, Trajectory> solutions, Path file) {
        RestatedBy by = config.solve().restate();
        if (by == RestatedBy.MODEL || by == RestatedBy.BOTH) {
            String told = PromptTexts.of(config.prompts()).restate();
            List<AgentLoop.Question> questions = new ArrayList<>();
            solutions.forEach((id, solution) -> questions.add(new AgentLoop.Question(
                    Objects.requireNonNull(problems.get(id), "a problem for every solution"), ToolMode.NONE, 0)));
            answerer.answer(
                    questions,
                    Sampling.GREEDY,
                    new Restating(told, solutions, answerer.setting()),
                    file,
                    true,
                    notes,
                    "solutions without tools");
        }
        if (by != RestatedBy.MODEL) {
            byScript(problems, solutions, by == RestatedBy.BOTH ? kept(file).keySet() : Set.of(), file);
        }
    }

    private void byScript(
            Map<String, Problem> problems, Map<String, Trajectory> solutions, Set<String> told, Path file) {
        ScriptedTrajectories scripts = new ScriptedTrajectories(answerer.renderer(), answerer.setting());
        boolean conclusion = config.solve().restate() == RestatedBy.CONCLUSION;
        int none = 0;
        try (AppendedFile out = AppendedFile.open(file, notes::say)) {
            Set<String> there = new HashSet<>();
            Trajectory.readAll(file).forEach(each -> there.add(each.key()));
            for (Trajectory solution : solutions.values()) {
                String key = Trajectory.key(solution.id(), ToolMode.NONE, ScriptedTrajectories.ATTEMPT);
                if (there.contains(key) || told.contains(solution.id())) {
                    continue;
                }
                Problem problem = Objects.requireNonNull(problems.get(solution.id()));
                String text = conclusion ? solution.reply() : problem.solution();
                if (text.isBlank()) {
                    none++;
                } else {
                    out.append(scripts.direct(problem, text).json(true));
                }
            }
        }
        if (none > 0) {
            notes.say("%,d questions came without a derivation".formatted(none));
        }
    }

    /// What goes on, by the question's id; of several the model's own.
    static Map<String, Trajectory> kept(Path file) {
        Map<String, Trajectory> kept = new LinkedHashMap<>();
        for (Trajectory each : Trajectory.readAll(file)) {
            boolean clean = each.scripted() || !MENTION.matcher(each.reply()).find();
            if (each.right() && each.calls() == 0 && each.stop() == Trajectory.Stop.ANSWERED && clean) {
                kept.merge(each.id(), each, (one, two) -> one.scripted() ? two : one);
            }
        }
        return kept;
    }

    /// The question with its trace, to be told anew.
    private record Restating(String told, Map<String, Trajectory> solutions, Setting inner) implements Setting {

        @Override
        public Conversation ask(Problem problem, ToolMode mode) {
            Trajectory solution = Objects.requireNonNull(solutions.get(problem.id()));
            StringBuilder text =
                    new StringBuilder("Problem:\n").append(problem.prompt()).append("\n\nSolved so:\n");
            for (Trajectory.Turn turn : solution.turns()) {
                text.append(turn.byModel() ? "" : "result: ")
                        .append(turn.text().strip())
                        .append('\n');
            }
            return Conversation.of(
                    Message.system(told), Message.user(text.toString().strip()));
        }

        @Override
        public ToolResult call(Problem problem, ToolCall call) {
            return ToolResult.refused("no tools here");
        }

        @Override
        public Grade grade(Problem problem, String reply) {
            return inner.grade(problem, reply);
        }
    }
}
