package awl.data;

import awl.AwlException;
import awl.DataException;
import awl.token.Rendered;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// From a row as JSON to its tokens and weights, whichever kind of row it is. Thread-safe once text was
/// announced by [#openFor].
final class RowTokens {

    private final int vocabulary;
    private final Supplier<RowRenderer> renderer;
    private @Nullable RowRenderer opened;

    /// @param vocabulary ids must be below it
    /// @param renderer asked at most once, when there is text
    RowTokens(int vocabulary, Supplier<RowRenderer> renderer) {
        this.vocabulary = vocabulary;
        this.renderer = renderer;
    }

    /// Opens the tokenizer where there is text.
    void openFor(boolean text) {
        if (text) {
            opened = opened == null ? renderer.get() : opened;
        }
    }

    /// A row `{"messages", ["tools"]}`, `{"prompt", "completion"}` or `{"ids", "weights"}`.
    List<Rendered> of(DataLine line) {
        JsonNode row = line.row();
        boolean messages = row.has("messages");
        boolean completion = row.has("prompt") || row.has("completion");
        boolean ids = row.has("ids");
        if ((messages ? 1 : 0) + (completion ? 1 : 0) + (ids ? 1 : 0) != 1) {
            throw line.wrong("expected exactly one of messages, prompt with completion, or ids with weights; found "
                    + (messages || completion || ids ? "more than one" : "none of them"));
        }
        if (!ids && row.has("weights")) {
            throw line.wrong("weights: belongs to ids; a row of text has \"weight\" for the whole row");
        }
        boolean turns = messages
                || (row.path("prompt").isArray() && row.path("completion").isArray());
        if (!turns && row.has("tools")) {
            throw line.wrong("tools: belongs to messages");
        }
        if (ids) {
            int[] tokens = ids(line, row.get("ids"));
            return List.of(new Rendered(tokens, weights(line, row.get("weights"), tokens.length)));
        }
        if (messages) {
            return conversation(line, "messages", row.path("messages"), tools(line));
        }
        if (turns) {
            return continuation(line, row.path("prompt"), "completion", row.path("completion"), tools(line));
        }
        return completion(line, line.text("prompt"), line.text("completion"));
    }

    /// All assistant turns are learned.
    List<Rendered> conversation(DataLine line, String field, JsonNode turns, @Nullable JsonNode tools) {
        requireTurns(line, field, turns);
        return rendering(line, to -> to.conversation(turns, tools, 0));
    }

    /// Assistant turns of the completion are learned, those of the prompt are not.
    List<Rendered> continuation(
            DataLine line, JsonNode prompt, String field, JsonNode turns, @Nullable JsonNode tools) {
        requireTurns(line, "prompt", prompt);
        requireTurns(line, field, turns);
        ArrayNode whole = ((ArrayNode) prompt.deepCopy()).addAll((ArrayNode) turns);
        return rendering(line, to -> to.conversation(whole, tools, prompt.size()));
    }

    /// The completion is learned.
    List<Rendered> completion(DataLine line, String prompt, String completion) {
        return rendering(line, to -> List.of(to.completion(prompt, completion)));
    }

    /// The line's `tools`, or null.
    static @Nullable JsonNode tools(DataLine line) {
        JsonNode tools = line.row().get("tools");
        if (tools != null && !tools.isArray() && !tools.isNull()) {
            throw line.wrong("tools: expected an array of tool specifications, found " + DataLine.kind(tools));
        }
        return tools == null || tools.isNull() ? null : tools;
    }

    private static void requireTurns(DataLine line, String field, JsonNode turns) {
        if (!turns.isArray() || turns.isEmpty()) {
            throw line.wrong(field + ": expected an array of {\"role\", \"content\"}, found " + DataLine.kind(turns));
        }
    }

    private List<Rendered> rendering(DataLine line, Function<RowRenderer, List<Rendered>> work) {
        List<Rendered> rendered;
        try {
            rendered = work.apply(Objects.requireNonNull(opened));
        } catch (AwlException e) {
            throw new DataException(line.where() + ": " + line.branch() + e.getMessage(), e);
        }
        for (Rendered document : rendered) {
            for (int token : document.ids()) {
                if (token < 0 || token >= vocabulary) {
                    throw line.wrong(
                            "the tokenizer made id %d but the model's vocabulary has %d; tokenizer and model do not belong together"
                                    .formatted(token, vocabulary));
                }
            }
        }
        return rendered;
    }

    private int[] ids(DataLine line, JsonNode node) {
        if (!node.isArray() || node.isEmpty()) {
            throw line.wrong("ids: expected an array of token ids, found " + DataLine.kind(node));
        }
        int[] ids = new int[node.size()];
        for (int t = 0; t < ids.length; t++) {
            JsonNode token = node.get(t);
            if (!token.isIntegralNumber()
                    || !token.canConvertToInt()
                    || token.intValue() < 0
                    || token.intValue() >= vocabulary) {
                throw line.wrong("ids[%d]: expected an id from 0 to %d (the model's vocabulary), found %s"
                        .formatted(t, vocabulary - 1, token));
            }
            ids[t] = token.intValue();
        }
        return ids;
    }

    private static float[] weights(DataLine line, @Nullable JsonNode node, int length) {
        if (node == null || !node.isArray()) {
            throw line.wrong("weights: expected an array with one number for each id, found " + DataLine.kind(node));
        }
        if (node.size() != length) {
            throw line.wrong("weights: expected %d numbers, one for each id, found %d".formatted(length, node.size()));
        }
        float[] weights = new float[length];
        for (int t = 0; t < length; t++) {
            JsonNode weight = node.get(t);
            weights[t] = weight.isNumber() ? weight.floatValue() : Float.NaN;
            if (!Float.isFinite(weights[t])) {
                throw line.wrong("weights[%d]: expected a finite number, found %s".formatted(t, weight));
            }
        }
        return weights;
    }
}
