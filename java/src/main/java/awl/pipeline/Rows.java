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
        Conversation asked = MiniScript.ask(solution.problem().question(), mode);
        String answer = java.util.Objects.requireNonNull(solution.answer());
        add(solution, asked.with(MiniScript.answer(answer)), origin);
    }

    /// The solution with its tool calls, as the model wrote it.
    void trace(Episode solution, ToolMode mode, Origin origin) {
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
        add(solution, whole, origin);
    }

    private void add(Episode solution, Conversation conversation, Origin origin) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("id", solution.problem().id() + "-" + origin.key());
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
