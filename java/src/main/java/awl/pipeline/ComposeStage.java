package awl.pipeline;

import awl.chat.ToolMode;
import awl.data.JsonLinesWriter;
import awl.data.Origin;
import awl.task.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Step 3, second half: training rows, ready tokens with weights and the part of the mixed objective they belong to.
///
/// A row is the prompt it is learned under and, behind it, what was written in an episode under another prompt, token
/// by token: nothing is tokenized again.
final class ComposeStage {

    private final Map<String, Problem> problems;
    private final Answerer answerer;
    private final boolean learnFailedCalls;

    /// @param problems by id
    ComposeStage(PipelineConfig config, Map<String, Problem> problems, Answerer answerer) {
        this.problems = problems;
        this.answerer = answerer;
        this.learnFailedCalls = config.solve().learnFailedCalls();
    }

    /// How many rows of each part were written.
    record Counts(int knowledge, int easy, int hard, int withoutTrace) {

        @Override
        public String toString() {
            String rows = "%,d knowledge, %,d easy, %,d hard".formatted(knowledge, easy, hard);
            return withoutTrace == 0 ? rows : rows + "; %,d hard questions have no trace".formatted(withoutTrace);
        }
    }

    /// Every solution without tools, under P_n.
    Counts knowledge(Map<String, Trajectory> derivations, Path file) {
        return write(
                file, rows -> derivations.values().forEach(each -> rows.add(each, ToolMode.NONE, Origin.KNOWLEDGE)));
    }

    /// Every trace, under a prompt of choice.
    Counts traces(Map<String, Trajectory> solutions, ToolMode mode, Path file) {
        return write(file, rows -> solutions.values().forEach(each -> rows.add(each, mode, Origin.HARD)));
    }

    /// Easy questions answered directly and hard ones with their trace, under P_i; with `knowledge` what [#knowledge]
    /// writes too. A question that was not tried counts as hard.
    Counts mixed(
            Map<String, Trajectory> solutions,
            Map<String, Trajectory> derivations,
            Map<String, Difficulty> difficulty,
            boolean knowledge,
            Path file) {
        return write(file, rows -> {
            if (knowledge) {
                derivations.values().forEach(each -> rows.add(each, ToolMode.NONE, Origin.KNOWLEDGE));
            }
            Map<String, Trajectory> all = new LinkedHashMap<>(derivations);
            solutions.forEach(all::putIfAbsent);
            for (String id : all.keySet()) {
                Difficulty known = difficulty.get(id);
                Trajectory direct = derivations.get(id);
                Trajectory trace = solutions.get(id);
                if (known != null && known.easy() && direct != null) {
                    rows.add(direct, ToolMode.OPTIONAL, Origin.EASY);
                } else if (trace != null) {
                    rows.add(trace, ToolMode.OPTIONAL, Origin.HARD);
                } else {
                    rows.withoutTrace++;
                }
            }
        });
    }

    private Counts write(Path file, Consumer<Rows> filling) {
        Rows rows = new Rows();
        filling.accept(rows);
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            rows.lines.forEach(out::write);
            out.commit();
        }
        return new Counts(
                rows.count(Origin.KNOWLEDGE), rows.count(Origin.EASY), rows.count(Origin.HARD), rows.withoutTrace);
    }

    private final class Rows {
        private final List<Map<String, @Nullable Object>> lines = new ArrayList<>();
        private final Map<Origin, Integer> counts = new HashMap<>();
        private int withoutTrace;

        void add(Trajectory said, ToolMode mode, Origin origin) {
            Map<String, @Nullable Object> line = new LinkedHashMap<>();
            line.put("id", said.id() + "-" + origin.key());
            line.put("origin", origin.key());
            line.putAll(row(said, mode));
            lines.add(line);
            counts.merge(origin, 1, Integer::sum);
        }

        int count(Origin origin) {
            return counts.getOrDefault(origin, 0);
        }
    }

    /// `ids` and `weights` of a trajectory under another prompt than it was made under.
    Map<String, @Nullable Object> row(Trajectory said, ToolMode mode) {
        Problem problem = Objects.requireNonNull(problems.get(said.id()), "a problem for every trajectory");
        return row(said, answerer.renderer().prompt(answerer.setting().ask(problem, mode)), learnFailedCalls);
    }

    static Map<String, @Nullable Object> row(Trajectory said, int[] prompt, boolean learnFailedCalls) {
        float[] learned = said.weights().clone();
        if (!learnFailedCalls) {
            said.turns().stream()
                    .filter(Trajectory.Turn::failed)
                    .forEach(turn -> Arrays.fill(learned, turn.from(), turn.to(), 0));
        }
        int rest = said.ids().length - said.promptTokens();
        int[] ids = Arrays.copyOf(prompt, prompt.length + rest);
        System.arraycopy(said.ids(), said.promptTokens(), ids, prompt.length, rest);
        float[] weights = new float[ids.length];
        System.arraycopy(learned, said.promptTokens(), weights, prompt.length, rest);
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("ids", ids);
        row.put("weights", weights);
        return row;
    }
}
