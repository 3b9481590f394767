package awl.pipeline;

import awl.chat.ToolMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// The table of all models.
final class ResultTable {

    private ResultTable() {}

    static String text(List<Evaluation> models) {
        return aligned(rows(models));
    }

    /// The head, then a row a model.
    static List<List<String>> rows(List<Evaluation> models) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "model",
                "no tools (P_n)",
                "optional (P_i)",
                "required (P_f)",
                "exact calls P_f",
                "TUA, own",
                "TUA, by kind",
                "tool easy/hard",
                "calls",
                "tokens"));
        for (Evaluation model : models) {
            ToolUse byKind = model.toolUseByKind();
            rows.add(List.of(
                    model.name(),
                    model.accuracy(ToolMode.NONE).toString(),
                    model.accuracy(ToolMode.OPTIONAL).toString(),
                    model.accuracy(ToolMode.FORCED).toString(),
                    model.exactCalls(ToolMode.FORCED).toString(),
                    model.toolUseBySelf().toString(),
                    byKind.toString(),
                    choice(byKind),
                    String.format(Locale.ROOT, "%.2f", model.callsPerQuestion(ToolMode.OPTIONAL)),
                    String.format(Locale.ROOT, "%.1f", model.tokensPerQuestion(ToolMode.OPTIONAL))));
        }
        return rows;
    }

    /// How often the tool is used, in percent: `3 / 98`, on easy and on hard questions.
    static String choice(ToolUse use) {
        return percent(use.usedOnEasy()) + " / " + percent(use.usedOnHard());
    }

    private static String percent(Proportion share) {
        return share.count() == 0 ? "-" : String.format(Locale.ROOT, "%.0f", 100 * share.value());
    }

    static String aligned(List<List<String>> rows) {
        int[] width = new int[rows.getFirst().size()];
        for (List<String> row : rows) {
            for (int c = 0; c < width.length; c++) {
                width[c] = Math.max(width[c], row.get(c).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int c = 0; c < width.length; c++) {
                line.append(row.get(c)).append(" ".repeat(width[c] - row.get(c).length() + 2));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
