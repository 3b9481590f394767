package awl.pipeline;

import awl.chat.ToolMode;
import awl.data.Origin;
import awl.token.CheckpointText;
import java.nio.file.Path;
import java.util.List;

/// Composes training rows from the kept solutions, each with its part of the mixed objective (`origin`); what
/// the parts count is the objective's business.
final class Composition {

    private final Path model;

    /// @param model whose template reads the calls
    Composition(Path model) {
        this.model = model;
    }

    /// Every solution told without its tool, under P_n; now and then one with its calls under P_f, for a model that
    /// learns only answers forgets how to call, and the mixture has to teach it anew.
    ///
    /// @param replay every how many solutions; 0 for never
    void knowledge(List<Episode> solutions, int replay, Path file) {
        write(file, rows -> {
            for (int i = 0; i < solutions.size(); i++) {
                rows.direct(solutions.get(i), ToolMode.NONE, Origin.KNOWLEDGE);
                if (replay > 0 && i % replay == 0) {
                    rows.replay(solutions.get(i));
                }
            }
        });
    }

    /// Every solution with its calls, under P_i.
    void traces(List<Episode> solutions, Path file) {
        write(file, rows -> solutions.forEach(each -> rows.trace(each, ToolMode.OPTIONAL, Origin.HARD)));
    }

    /// Knowledge as above; under P_i easy questions answered directly and hard ones with the trace.
    void mixed(List<Episode> solutions, Partition partition, Path file) {
        write(file, rows -> {
            for (Episode each : solutions) {
                rows.direct(each, ToolMode.NONE, Origin.KNOWLEDGE);
                if (partition.easy(each.problem().id())) {
                    rows.direct(each, ToolMode.OPTIONAL, Origin.EASY);
                } else {
                    rows.trace(each, ToolMode.OPTIONAL, Origin.HARD);
                }
            }
        });
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
