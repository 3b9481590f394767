package awl.pipeline;

import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.data.JsonLinesWriter;
import awl.data.Origin;
import awl.task.mini.MiniScript;
import awl.token.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Training rows made of kept solutions: conversations that a person can read.
final class Rows {

    private final Renderer renderer;
    private final List<Map<String, @Nullable Object>> rows = new ArrayList<>();

    Rows(Renderer renderer) {
        this.renderer = renderer;
    }

    /// The solution told without its tool.
    void direct(Episode solution, ToolMode mode, Origin origin) {
        add(solution, answered(solution, mode), origin.key(), origin);
    }

    /// The solution with its tool calls, as the model wrote it.
    void trace(Episode solution, ToolMode mode, Origin origin) {
        add(solution, episode(solution, mode), origin.key(), origin);
    }

    /// The same under P_f beside the knowledge, so that the format of calls is not forgotten meanwhile.
    void replay(Episode solution) {
        add(solution, episode(solution, ToolMode.FORCED), "replay", Origin.HARD);
    }

    /// The answer alone.
    Conversation answered(Episode solution, ToolMode mode) {
        Conversation asked = MiniScript.ask(solution.problem().question(), mode);
        return asked.with(MiniScript.answer(java.util.Objects.requireNonNull(solution.answer())));
    }

    /// All that was said.
    Conversation episode(Episode solution, ToolMode mode) {
        Conversation whole = MiniScript.ask(solution.problem().question(), mode);
        ToolCall.Parsed last = new ToolCall.Parsed("", Map.of());
        for (Episode.Turn turn : solution.turns()) {
            if (turn.role().equals("tool")) {
                whole = whole.with(Message.reply(last, turn.text()));
            } else {
                Message.Assistant said = renderer.turn(turn.text());
                if (!said.calls().isEmpty() && said.calls().getFirst() instanceof ToolCall.Parsed call) {
                    last = call;
                }
                whole = whole.with(said);
            }
        }
        return whole;
    }

    private void add(Episode solution, Conversation conversation, String suffix, Origin origin) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("id", solution.problem().id() + "-" + suffix);
        row.put("origin", origin.key());
        row.put("messages", conversation.messagesJson());
        row.put("tools", conversation.toolsJson());
        rows.add(row);
    }

    void write(Path file) {
        try (JsonLinesWriter out = JsonLinesWriter.open(file)) {
            rows.forEach(out::write);
            out.commit();
        }
    }
}
