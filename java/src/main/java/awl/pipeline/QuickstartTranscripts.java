package awl.pipeline;

import awl.chat.Conversation;
import awl.chat.ConversationReader;
import awl.chat.ToolMode;
import awl.report.ReportData;
import awl.token.CheckpointText;
import awl.token.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiPredicate;

/// Picks what a reader of the report should see: a training row of each part of the mixture, and unseen questions
/// before and after.
final class QuickstartTranscripts {

    private final Path folder;

    QuickstartTranscripts(Path folder) {
        this.folder = folder;
    }

    List<ReportData.Transcript> all(Evaluation before, Evaluation after) {
        List<ReportData.Transcript> all = new ArrayList<>(training());
        // One of an easy kind that was learned, one of a hard kind that is now looked up, one that still fails.
        pair(all, before, after, (was, is) -> !was.right() && is.right() && !is.usedTool());
        pair(all, before, after, (was, is) -> !was.right() && is.right() && is.usedTool());
        pair(all, before, after, (was, is) -> !is.right());
        return all;
    }

    private List<ReportData.Transcript> training() {
        List<ReportData.Transcript> rows = new ArrayList<>();
        Set<String> origins = new LinkedHashSet<>();
        try (CheckpointText text = CheckpointText.folder(folder.resolve("mixed").resolve("model"))) {
            Renderer renderer = text.renderer(true);
            for (Map<String, ?> row : Metrics.rows(folder.resolve("mixed.jsonl"))) {
                String origin = String.valueOf(row.get("origin"));
                if (origins.add(origin)) {
                    rows.add(new ReportData.Transcript(
                            "Rows of training, as the model reads them",
                            origin,
                            "",
                            List.of(marked(renderer, ConversationReader.row(row)))));
                }
            }
        }
        return rows;
    }

    /// The row as the model reads it, what it learns marked.
    private static ReportData.Turn marked(Renderer renderer, Conversation conversation) {
        Renderer.Detail detail = renderer.detail(renderer.request(conversation, false));
        List<ReportData.Span> spans = new ArrayList<>();
        StringBuilder piece = new StringBuilder();
        for (int t = 0; t < detail.ids().length; t++) {
            boolean learned = detail.weights()[t] != 0;
            piece.append(detail.text(), detail.start()[t], detail.end()[t]);
            if (t + 1 == detail.ids().length || (detail.weights()[t + 1] != 0) != learned) {
                spans.add(new ReportData.Span(piece.toString(), learned));
                piece.setLength(0);
            }
        }
        return new ReportData.Turn("", spans);
    }

    private static void pair(
            List<ReportData.Transcript> all,
            Evaluation before,
            Evaluation after,
            BiPredicate<Episode, Episode> wanted) {
        List<Episode> was = before.under(ToolMode.OPTIONAL);
        List<Episode> is = after.under(ToolMode.OPTIONAL);
        for (int i = 0; i < was.size(); i++) {
            if (wanted.test(was.get(i), is.get(i))) {
                all.add(transcript(before.name(), was.get(i)));
                all.add(transcript(after.name(), is.get(i)));
                return;
            }
        }
    }

    private static ReportData.Transcript transcript(String model, Episode episode) {
        List<ReportData.Turn> turns = new ArrayList<>();
        turns.add(turn("user", episode.problem().question()));
        episode.turns().forEach(turn -> turns.add(turn(turn.role(), turn.text())));
        String outcome =
                (episode.right() ? "right" : "wrong (" + episode.problem().answer() + ")")
                        + (episode.usedTool() ? ", with the tool" : ", without the tool");
        return new ReportData.Transcript(
                "Unseen, tools optional: " + episode.problem().kind().label(), model, outcome, turns);
    }

    private static ReportData.Turn turn(String role, String text) {
        return new ReportData.Turn(role, List.of(new ReportData.Span(text, false)));
    }
}
