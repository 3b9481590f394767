package awl.pipeline;

import awl.chat.ToolMode;
import awl.sample.Sampling;
import awl.task.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Step 3, first half: which questions the model answers by itself. Each is tried k times under P_n; one whose Wilson
/// interval holds the threshold is tried again, up to `max_samples`. All tries stay in the file.
final class PartitionStage {

    private final PipelineConfig config;
    private final Answerer answerer;
    private final StageNotes notes;

    PartitionStage(PipelineConfig config, Answerer answerer, StageNotes notes) {
        this.config = config;
        this.answerer = answerer;
        this.notes = notes;
    }

    /// Fills the file of tries up and writes what follows from it.
    Map<String, Difficulty> run(List<Problem> problems, Path tries, Path difficulty) {
        PipelineConfig.PartitionRule rule = config.partition();
        Sampling sampling =
                rule.temperature() == 0 ? Sampling.GREEDY : Sampling.at(rule.temperature(), config.seed() + 1);
        List<Problem> asked = problems;
        int most = Math.max(rule.samples(), rule.maxSamples());
        for (int from = 0; from < most && !asked.isEmpty(); ) {
            int to = Math.min(most, from + rule.samples());
            List<AgentLoop.Question> questions = new ArrayList<>();
            // The tries of a question one behind the other: its prompt is read once.
            for (Problem problem : asked) {
                for (int attempt = from; attempt < to; attempt++) {
                    questions.add(new AgentLoop.Question(problem, ToolMode.NONE, attempt));
                }
            }
            answerer.answer(questions, sampling, answerer.setting(), tries, false, notes, "answers without tools");
            Map<String, Difficulty> now = Difficulty.of(Trajectory.readAll(tries), rule.tau());
            asked = asked.stream()
                    .filter(each -> uncertain(now.get(each.id()), rule.tau()))
                    .toList();
            from = to;
        }
        Map<String, Difficulty> all = Difficulty.of(Trajectory.readAll(tries), rule.tau());
        Map<String, Difficulty> wanted = new LinkedHashMap<>();
        for (Problem problem : problems) {
            Difficulty each = all.get(problem.id());
            if (each != null) {
                wanted.put(problem.id(), each);
            }
        }
        Difficulty.write(difficulty, wanted);
        say(wanted);
        return wanted;
    }

    private static boolean uncertain(@org.jspecify.annotations.Nullable Difficulty each, double tau) {
        return each != null && each.uncertain(tau);
    }

    private void say(Map<String, Difficulty> all) {
        long easy = all.values().stream().filter(Difficulty::easy).count();
        long uncertain = all.values().stream()
                .filter(each -> each.uncertain(config.partition().tau()))
                .count();
        notes.say("%,d easy, %,d hard; of %,d the interval holds tau".formatted(easy, all.size() - easy, uncertain));
    }
}
