package awl.cli;

import awl.ConfigException;
import awl.DataException;
import awl.Json;
import awl.chat.Conversation;
import awl.chat.ConversationReader;
import awl.data.JsonLines;
import awl.data.RowRenderer;
import awl.model.gguf.GgufModel;
import awl.model.gguf.GgufTokenizer;
import awl.token.CallFormat;
import awl.token.CheckpointText;
import awl.token.Rendered;
import awl.token.Renderer;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Opens the text side of whatever `--model` names: a Hugging Face folder, or a GGUF file.
final class ModelText {

    private ModelText() {}

    /// Nothing is read yet: a command asks for the parts it needs.
    static CheckpointText open(Path model) {
        if (Files.isDirectory(model)) {
            return CheckpointText.folder(model);
        }
        if (!Files.exists(model)) {
            throw new ConfigException("--model " + model + ": there is no such file or folder");
        }
        Supplier<GgufTokenizer> gguf = once(() -> {
            try (GgufModel file = GgufModel.open(model)) {
                return file.tokenizer();
            }
        });
        return CheckpointText.of(model.toString(), () -> gguf.get().tokenizerJson(), () -> parts(gguf.get()));
    }

    private static CheckpointText.Parts parts(GgufTokenizer gguf) {
        Map<String, String> special = new LinkedHashMap<>();
        gguf.tokenizerConfig().forEach((key, value) -> {
            if (key.endsWith("_token") && value instanceof String token) {
                special.put(key, token);
            }
        });
        String template = gguf.chatTemplate();
        return new CheckpointText.Parts(special, template == null ? Map.of() : Map.of("default", template));
    }

    private static <T> Supplier<T> once(Supplier<T> source) {
        return new Supplier<>() {
            private @Nullable T value;

            @Override
            public synchronized T get() {
                T known = value;
                if (known == null) {
                    known = source.get();
                    value = known;
                }
                return known;
            }
        };
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
        return name == null ? renderer : renderer.withCallFormat(format(name));
    }

    static CallFormat format(String name) {
        return CallFormat.named(name)
                .orElseThrow(() -> new ConfigException("call format: expected one of %s, found %s"
                        .formatted(
                                String.join(
                                        ", ",
                                        CallFormat.ALL.stream()
                                                .map(CallFormat::name)
                                                .toList()),
                                name)));
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
