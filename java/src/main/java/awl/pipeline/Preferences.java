package awl.pipeline;

import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.data.JsonLinesWriter;
import awl.token.CheckpointText;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Preference pairs from ranked proposals: several answers to a question under P_i are ranked by a metric,
/// and the best is preferred to those below it.
///
/// The metric: right before wrong, and among right ones those that used the tool where the partition calls
/// the question hard, and only there. A right answer to a hard question without the tool was luck. The
/// question's kept solution, in the form the partition asks for, is one of the proposals, so that a question
/// the model only fails has a pair too.
final class Preferences {

    /// What a pair counts where both answers are right and only the choice of the tool was wrong.
    private static final double CHOICE = 0.5;

    private Preferences() {}

    /// Best first: 2 for right and well chosen, 1 for right, 0 for wrong.
    static int rank(Episode proposal, boolean hard) {
        if (!proposal.right()) {
            return 0;
        }
        return proposal.usedTool() == hard ? 2 : 1;
    }

    /// @param model whose template reads the calls
    /// @param proposals several of each question
    /// @return pairs written; where there are none, no file is
    static int write(Path file, Path model, List<Episode> proposals, List<Episode> solutions, Partition partition) {
        Map<String, Episode> kept = new LinkedHashMap<>();
        solutions.forEach(each -> kept.put(each.problem().id(), each));
        Set<String> seen = new HashSet<>();
        int pairs = 0;
        try (CheckpointText text = CheckpointText.folder(model);
                JsonLinesWriter out = JsonLinesWriter.open(file)) {
            Rows rows = new Rows(text.renderer(true));
            for (Episode proposal : proposals) {
                String id = proposal.problem().id();
                boolean hard = !partition.easy(id);
                int rank = rank(proposal, hard);
                Conversation rejected = rows.episode(proposal, ToolMode.OPTIONAL);
                if (rank == 2 || !wellFormed(rejected) || !seen.add(id + proposal.turns())) {
                    continue;
                }
                Episode solution = java.util.Objects.requireNonNull(kept.get(id));
                Map<String, Object> row = new LinkedHashMap<>();
                row.put("id", id + "-" + pairs);
                row.put(
                        "chosen",
                        json(
                                hard
                                        ? rows.episode(solution, ToolMode.OPTIONAL)
                                        : rows.answered(solution, ToolMode.OPTIONAL)));
                row.put("rejected", json(rejected));
                row.put("pair_weight", rank == 1 ? CHOICE : 1.0);
                out.write(row);
                pairs++;
            }
            if (pairs > 0) {
                out.commit();
            }
        }
        return pairs;
    }

    /// Whether the template can write it: every call was understood.
    private static boolean wellFormed(Conversation conversation) {
        return conversation.messages().stream()
                .filter(Message.Assistant.class::isInstance)
                .flatMap(turn -> ((Message.Assistant) turn).calls().stream())
                .allMatch(ToolCall.Parsed.class::isInstance);
    }

    private static Map<String, Object> json(Conversation conversation) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("messages", conversation.messagesJson());
        json.put("tools", conversation.toolsJson());
        return json;
    }
}
