package awl.token;

import awl.Json;
import awl.chat.Conversation;
import awl.chat.ConversationReader;
import awl.token.jinja.RenderOptions;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// What tests of a [Renderer] on the reference conversations share: these conversations, the turns that
/// weights mark as learned, and the prompt that a turn must stand behind.
final class LearnedTurns {

    private static final ObjectMapper JSON = new ObjectMapper();
    static final RenderOptions OPTIONS =
            RenderOptions.standard().withClock(Clock.fixed(Instant.parse("2026-01-15T12:34:56Z"), ZoneOffset.UTC));

    private LearnedTurns() {}

    static Map<String, JsonNode> conversations(Path chat) throws IOException {
        Map<String, JsonNode> all = new LinkedHashMap<>();
        JSON.readTree(chat.resolve("conversations.json").toFile())
                .properties()
                .forEach(entry -> all.put(entry.getKey(), entry.getValue()));
        // No conversation, or one whose roles the engine does not know: refused before any template sees it.
        all.remove("no_messages");
        all.remove("unknown_role");
        return all;
    }

    static Conversation conversation(JsonNode json) {
        JsonNode tools = json.path("kwargs").path("tools");
        return ConversationReader.of(
                Json.plain(json.get("messages")), tools.isMissingNode() ? null : Json.plain(tools));
    }

    /// The inference prompt of a message; where the template has no generation prompt, with the header
    /// it writes.
    static String promptText(Renderer renderer, ChatTemplate.Request request, int message) {
        return renderer.promptText(ConversationReader.of(request.messages().subList(0, message), request.tools()));
    }

    /// Where the weights are not zero, as rows from and to.
    static List<int[]> runs(float[] weights) {
        List<int[]> runs = new ArrayList<>();
        int t = 0;
        while (t < weights.length) {
            int from = t;
            while (t < weights.length && weights[t] != 0f) {
                t++;
            }
            if (t > from) {
                runs.add(new int[] {from, t});
            }
            t++;
        }
        return runs;
    }
}
