package awl.pipeline;

import awl.chat.ToolMode;
import awl.data.JsonLinesWriter;
import awl.sample.Sampling;
import awl.task.Gold;
import awl.task.Grader;
import awl.task.OpenEnded;
import awl.task.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Open-ended questions: several proposals each, ranked by the question's metric, valid ones first, make preference
/// pairs. Proposals are whole trajectories under P_i; what tools said is masked on both branches.
final class RankStage {

    private final PipelineConfig config;
    private final Answerer answerer;
    private final StageNotes notes;

    RankStage(PipelineConfig config, Answerer answerer, StageNotes notes) {
        this.config = config;
        this.answerer = answerer;
        this.notes = notes;
    }

    /// Fills the file of proposals up.
    void propose(List<Problem> open, Path file) {
        PipelineConfig.Preference wanted = config.preference();
        List<AgentLoop.Question> questions = new ArrayList<>();
        for (Problem problem : open) {
            for (int attempt = 0; attempt < wanted.proposals(); attempt++) {
                questions.add(new AgentLoop.Question(problem, ToolMode.OPTIONAL, attempt));
            }
        }
        Sampling sampling = Sampling.at(wanted.temperature(), config.seed() + 2);
        answerer.answer(questions, sampling, answerer.setting(), file, true, notes, "proposals");
    }

    /// A proposal with its score.
    ///
    /// @param better the greater the better; minus infinity where it is not valid
    private record Ranked(Trajectory said, double better) {
        static Ranked of(Problem problem, Gold.Open gold, Trajectory said) {
            OpenEnded.Score score = said.stop() == Trajectory.Stop.ANSWERED
                    ? Grader.score(problem, said.reply())
                    : OpenEnded.Score.invalid("it did not end");
            double value = gold.lowerIsBetter() ? -score.value() : score.value();
            return new Ranked(said, score.valid() ? value : Double.NEGATIVE_INFINITY);
        }
    }

    /// Writes the pairs.
    ///
    /// @return how many
    int rank(List<Problem> open, Path proposals, Path pairs) {
        Map<String, List<Trajectory>> byId = new LinkedHashMap<>();
        Trajectory.readAll(proposals)
                .forEach(each ->
                        byId.computeIfAbsent(each.id(), id -> new ArrayList<>()).add(each));
        int count = 0;
        int valid = 0;
        int all = 0;
        try (JsonLinesWriter out = JsonLinesWriter.open(pairs)) {
            for (Problem problem : open) {
                if (!(problem.gold() instanceof Gold.Open gold)) {
                    throw new awl.DataException(
                            "problem %s: is not open-ended, so its proposals have no rank".formatted(problem.id()));
                }
                List<Ranked> ranked = byId.getOrDefault(problem.id(), List.of()).stream()
                        .filter(each -> each.tokens() > 0) // a prompt too long for the context says nothing
                        .map(each -> Ranked.of(problem, gold, each))
                        .sorted(Comparator.comparingDouble(Ranked::better)
                                .reversed()
                                .thenComparing(each -> each.said.attempt()))
                        .toList();
                all += ranked.size();
                valid += (int) ranked.stream()
                        .filter(each -> Double.isFinite(each.better))
                        .count();
                for (Map<String, @Nullable Object> pair : pairs(ranked)) {
                    out.write(pair);
                    count++;
                }
            }
            out.commit();
        }
        notes.say("%,d of %,d proposals are valid; %,d pairs".formatted(valid, all, count));
        return count;
    }

    private List<Map<String, @Nullable Object>> pairs(List<Ranked> ranked) {
        List<Map<String, @Nullable Object>> pairs = new ArrayList<>();
        boolean best = config.preference().pairs() == PipelineConfig.Pairs.BEST;
        double widest = ranked.isEmpty() ? 0 : gap(ranked.getFirst(), lastValid(ranked));
        for (int i = 0; i < (best ? Math.min(1, ranked.size()) : ranked.size()); i++) {
            for (int j = i + 1; j < ranked.size(); j++) {
                Ranked one = ranked.get(i);
                Ranked other = ranked.get(j);
                if (!(one.better > other.better)) {
                    continue; // as good, or neither is valid
                }
                Map<String, @Nullable Object> row = new LinkedHashMap<>();
                row.put("id", one.said.key() + ">" + other.said.attempt());
                row.put("chosen", row(one.said));
                row.put("rejected", row(other.said));
                if (config.preference().weighted()) {
                    row.put("pair_weight", Double.isFinite(other.better) ? gap(one, other) / widest : 1.0);
                }
                pairs.add(row);
            }
        }
        return pairs;
    }

    private static Map<String, @Nullable Object> row(Trajectory said) {
        return ComposeStage.row(said, java.util.Arrays.copyOf(said.ids(), said.promptTokens()), true);
    }

    private static Ranked lastValid(List<Ranked> ranked) {
        return ranked.stream()
                .filter(each -> Double.isFinite(each.better))
                .reduce((one, two) -> two)
                .orElse(ranked.getFirst());
    }

    private static double gap(Ranked one, Ranked other) {
        return one.better - other.better;
    }
}
