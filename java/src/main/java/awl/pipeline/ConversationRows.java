package awl.pipeline;

import awl.Json;
import awl.chat.ConversationReader;
import awl.data.RowRenderer;
import awl.token.Rendered;
import awl.token.Renderer;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Training rows by a model's own template.
record ConversationRows(Renderer renderer) implements RowRenderer {

    @Override
    public List<Rendered> conversation(JsonNode messages, @Nullable JsonNode tools, int from) {
        return renderer.documents(
                ConversationReader.of(Json.plain(messages), tools == null ? null : Json.plain(tools)), from);
    }

    @Override
    public Rendered completion(String prompt, String completion) {
        return renderer.completion(prompt, completion);
    }
}
