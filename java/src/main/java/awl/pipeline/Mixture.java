package awl.pipeline;

import awl.chat.ToolMode;
import awl.token.CheckpointText;
import java.nio.file.Path;
import java.util.List;

/// Composes training rows from the kept solutions.
///
/// In the mixture a row weighs `alpha / N` (knowledge, under P_n), `(1 - alpha) lambda / N_e` (easy, answered directly
/// under P_i) or `(1 - alpha) (1 - lambda) / N_h` (hard, the trace under P_i), times the number of rows so that the mean is
/// one; the mean over a row's tokens is the reduction `example_mean`. Where a class is empty the other takes its weight.
final class Mixture {

    private final Path model;
    private final QuickstartPlan plan;

    /// @param model whose template reads the calls
    Mixture(Path model, QuickstartPlan plan) {
        this.model = model;
        this.plan = plan;
    }

    /// Every solution told without its tool, under P_n.
    void knowledge(List<Episode> solutions, Path file) {
        write(file, rows -> solutions.forEach(each -> rows.direct(each, ToolMode.NONE, "knowledge", 1)));
    }

    /// Every solution with its calls, under P_i.
    void traces(List<Episode> solutions, Path file) {
        write(file, rows -> solutions.forEach(each -> rows.trace(each, ToolMode.OPTIONAL, "hard", 1)));
    }

    void mixed(List<Episode> solutions, Partition partition, Path file) {
        Weights weights = Weights.of(
                plan.alpha(), plan.lambda(), solutions.size(), partition.easyCount(), partition.hardCount());
        double scale = 2.0 * solutions.size();
        write(file, rows -> {
            for (Episode each : solutions) {
                rows.direct(each, ToolMode.NONE, "knowledge", scale * weights.knowledge);
                if (partition.easy(each.problem().id())) {
                    rows.direct(each, ToolMode.OPTIONAL, "easy", scale * weights.easy);
                } else {
                    rows.trace(each, ToolMode.OPTIONAL, "hard", scale * weights.hard);
                }
            }
        });
    }

    /// Weight of one row of each component; all rows together weigh one.
    record Weights(double knowledge, double easy, double hard) {
        static Weights of(double alpha, double lambda, int all, int easy, int hard) {
            double toEasy = hard == 0 ? 1 : easy == 0 ? 0 : lambda;
            return new Weights(
                    alpha / all,
                    easy == 0 ? 0 : (1 - alpha) * toEasy / easy,
                    hard == 0 ? 0 : (1 - alpha) * (1 - toEasy) / hard);
        }
    }

    private interface Filling {
        void fill(Rows rows);
    }

    private void write(Path file, Filling filling) {
        try (CheckpointText text = CheckpointText.folder(model)) {
            Rows rows = new Rows(text.renderer(true));
            filling.fill(rows);
            rows.write(file);
        }
    }
}
