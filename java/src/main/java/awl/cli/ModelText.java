package awl.cli;

import awl.DataException;
import awl.Json;
import awl.chat.Conversation;
import awl.chat.ConversationReader;
import awl.data.JsonLines;
import awl.data.RowRenderer;
import awl.pipeline.CheckpointTexts;
import awl.token.CallFormat;
import awl.token.CheckpointText;
import awl.token.Rendered;
import awl.token.Renderer;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Opens the text side of whatever `--model` names: a Hugging Face folder, or a GGUF file.
final class ModelText {

    private ModelText() {}

    /// Nothing is read yet: a command asks for the parts it needs.
    static CheckpointText open(Path model) {
        return CheckpointTexts.open(model);
    }

    /// Ids of a row `{"messages", ["tools"]}`.
    ///
    /// @param generationPrompt whether the model is to answer; else the conversation as it stands
    static int[] ids(
            CheckpointText text, Map<String, @Nullable Object> row, JsonLines.Line line, boolean generationPrompt) {
        try {
            Conversation conversation = ConversationReader.row(row);
            Renderer renderer = text.renderer(!conversation.tools().isEmpty());
            return generationPrompt
                    ? renderer.prompt(conversation)
                    : renderer.render(conversation).ids();
        } catch (DataException e) {
            throw line.wrong(e.getMessage() == null ? "" : e.getMessage());
        }
    }

    /// @param name of a call format, or null for the template's own
    static Renderer formatted(Renderer renderer, @Nullable String name) {
        return name == null ? renderer : renderer.withCallFormat(CallFormat.named(name, "call format"));
    }

    /// Renders training rows.
    ///
    /// @param notes told once of each kind of turn that cannot be learned
    ///
    /// @param callFormat name of the format of calls where the template has no place for tools; null for plain
    static RowRenderer rows(CheckpointText text, @Nullable String callFormat, Consumer<String> notes) {
        Set<String> said = new HashSet<>();
        Consumer<String> once = note -> {
            String kind = note.replaceAll("messages\\[\\d+\\]", "a turn");
            synchronized (said) {
                if (said.add(kind)) {
                    notes.accept(kind);
                }
            }
        };
        Renderer plain = formatted(text.renderer(false), callFormat).withNotes(once);
        Renderer tools = formatted(text.renderer(true), callFormat).withNotes(once);
        return new RowRenderer() {
            @Override
            public List<Rendered> conversation(JsonNode messages, @Nullable JsonNode listed, int from) {
                Conversation conversation =
                        ConversationReader.of(Json.plain(messages), listed == null ? null : Json.plain(listed));
                return (conversation.tools().isEmpty() ? plain : tools).documents(conversation, from);
            }

            @Override
            public Rendered completion(String prompt, String completion) {
                return plain.completion(prompt, completion);
            }
        };
    }
}
