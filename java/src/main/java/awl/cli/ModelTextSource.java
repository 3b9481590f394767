package awl.cli;

import awl.CheckpointException;
import awl.DataException;
import awl.chat.Conversation;
import awl.chat.ConversationReader;
import awl.data.JsonLines;
import awl.token.CheckpointText;
import awl.token.Renderer;
import awl.token.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The tokenizer and template of `--model`, opened when the first row asks for them.
final class ModelTextSource implements PromptRows.TextSource, AutoCloseable {

    private final Path model;
    private final boolean generationPrompt;
    private @Nullable CheckpointText text;
    private @Nullable Renderer plain;
    private @Nullable Renderer tools;

    /// @param generationPrompt whether conversations are to be answered
    ModelTextSource(Path model, boolean generationPrompt) {
        this.model = model;
        this.generationPrompt = generationPrompt;
    }

    private CheckpointText text() {
        CheckpointText opened = text;
        if (opened == null) {
            opened = text = ModelText.open(model);
        }
        return opened;
    }

    @Override
    public int[] encode(String string) {
        return text().tokenizer().encode(string, true);
    }

    @Override
    public int[] render(Map<String, @Nullable Object> row, JsonLines.Line line) {
        try {
            Conversation conversation = ConversationReader.row(row);
            Renderer renderer = renderer(!conversation.tools().isEmpty());
            return generationPrompt
                    ? renderer.prompt(conversation)
                    : renderer.render(conversation).ids();
        } catch (DataException e) {
            throw line.wrong(e.getMessage() == null ? "" : e.getMessage());
        }
    }

    private Renderer renderer(boolean forTools) {
        Renderer known = forTools ? tools : plain;
        if (known == null) {
            known = text().renderer(forTools);
            if (forTools) {
                tools = known;
            } else {
                plain = known;
            }
        }
        return known;
    }

    /// The tokenizer that turns answers into text.
    ///
    /// @param required whether the command cannot do without
    /// @return null where the model has none
    synchronized @Nullable Tokenizer tokenizer(boolean required) {
        if (required || text != null) {
            return text().tokenizer();
        }
        if (Files.isDirectory(model) && !Files.exists(model.resolve("tokenizer.json"))) {
            return null;
        }
        try {
            return text().tokenizer();
        } catch (CheckpointException e) {
            System.err.println("awl: answers stay without text: " + e.getMessage());
            return null;
        }
    }

    @Override
    public void close() {
        if (text != null) {
            text.close();
        }
    }
}
