package awl.data;

import awl.AwlException;
import awl.ConfigException;
import awl.DataException;
import awl.token.Rendered;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads training rows (JSONL): `{"messages", ["tools"]}`, `{"prompt", "completion"}` or `{"ids", "weights"}`,
/// each with an optional `"weight"` for the whole row and `"id"`.
///
/// All rows are read, rendered and checked before the first step: a bad line stops a run at once and not after
/// an hour. Every error names file, line and field. A field of another name is left alone and mentioned once,
/// unless it looks like a misspelt one.
public final class ExampleFile {

    private static final Set<String> FIELDS =
            Set.of("messages", "tools", "prompt", "completion", "ids", "weights", "weight", "id");

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private final int vocabulary;
    private final Supplier<RowRenderer> renderer;
    private @Nullable RowRenderer opened;

    /// @param vocabulary ids must be below it
    /// @param renderer asked at most once, when the first row with text is met
    public ExampleFile(int vocabulary, Supplier<RowRenderer> renderer) {
        this.vocabulary = vocabulary;
        this.renderer = renderer;
    }

    /// @param examples in the order of the file
    /// @param notes what the user should know: unused fields, rows without anything to learn
    public record Rows(List<Example> examples, List<String> notes) {}

    /// Reads a whole file.
    public Rows read(Path file) {
        String name = file.toString();
        List<String> lines = lines(file);
        List<Line> rows = new ArrayList<>();
        TreeMap<String, Integer> unused = new TreeMap<>();
        for (int i = 0; i < lines.size(); i++) {
            String text = lines.get(i);
            if (!text.isBlank()) {
                Line line = new Line(name, i + 1, parse(name, i + 1, text));
                line.row().fieldNames().forEachRemaining(field -> checkField(line, field, unused));
                rows.add(line);
            }
        }
        if (rows.isEmpty()) {
            throw new DataException(
                    name + ": no rows; expected one JSON object a line with messages, prompt and completion, or ids");
        }
        if (rows.stream().anyMatch(line -> !line.row().has("ids"))) {
            opened = opened == null ? renderer.get() : opened;
        }
        // Rendering is the slow part and rows are independent of each other.
        List<Example> examples = rows.parallelStream().map(this::example).toList();
        List<String> notes = new ArrayList<>();
        unused.forEach(
                (field, count) -> notes.add("%s: field \"%s\" of %d rows is not used".formatted(name, field, count)));
        List<Example> idle = examples.stream().filter(e -> !e.learns()).toList();
        if (idle.size() == examples.size()) {
            throw new DataException(name
                    + ": none of the %d rows has a token to learn; give assistant messages, a completion or weights other than 0"
                            .formatted(examples.size()));
        }
        if (!idle.isEmpty()) {
            notes.add("%s: %d rows have nothing to learn (first: %s)"
                    .formatted(name, idle.size(), idle.getFirst().where()));
        }
        return new Rows(examples, List.copyOf(notes));
    }

    private record Line(String file, int number, JsonNode row) {
        DataException wrong(String message) {
            return DataException.at(file, number, message);
        }
    }

    private static List<String> lines(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            if (!lines.isEmpty() && lines.getFirst().startsWith("\uFEFF")) {
                lines.set(0, lines.getFirst().substring(1));
            }
            return lines;
        } catch (NoSuchFileException e) {
            throw new ConfigException(file + ": no such data file", e);
        } catch (CharacterCodingException e) {
            throw new DataException(file + ": is not UTF-8; convert it (iconv -t UTF-8)", e);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static JsonNode parse(String file, int number, String text) {
        try {
            JsonNode row = JSON.readTree(text);
            if (row == null || !row.isObject()) {
                throw DataException.at(file, number, "expected a JSON object, found " + kind(row));
            }
            return row;
        } catch (JsonProcessingException e) {
            long column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
            throw DataException.at(file, number, "not JSON: %s (column %d)".formatted(e.getOriginalMessage(), column));
        }
    }

    private static void checkField(Line line, String field, TreeMap<String, Integer> unused) {
        if (FIELDS.contains(field)) {
            return;
        }
        Nearest.to(field, FIELDS).ifPresent(known -> {
            throw line.wrong("unknown field \"%s\"; did you mean \"%s\"?".formatted(field, known));
        });
        unused.merge(field, 1, Integer::sum);
    }

    private Example example(Line line) {
        JsonNode row = line.row();
        String where = line.file() + ":" + line.number();
        JsonNode idNode = row.path("id");
        if (!idNode.isMissingNode() && !idNode.isTextual() && !idNode.isIntegralNumber()) {
            throw line.wrong("id: expected a string or an integer, found " + kind(idNode));
        }
        String id = idNode.isMissingNode() ? where : idNode.asText();
        double weight = weight(line, row.get("weight"));
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
        if (!messages && row.has("tools")) {
            throw line.wrong("tools: belongs to messages");
        }
        if (ids) {
            int[] tokens = ids(line, row.get("ids"));
            return new Example(id, tokens, weights(line, row.get("weights"), tokens.length), weight, where);
        }
        Rendered rendered = render(line, messages);
        for (int token : rendered.ids()) {
            if (token < 0 || token >= vocabulary) {
                throw line.wrong(
                        "the tokenizer made id %d but the model's vocabulary has %d; tokenizer and model do not belong together"
                                .formatted(token, vocabulary));
            }
        }
        return new Example(id, rendered.ids(), rendered.weights(), weight, where);
    }

    private Rendered render(Line line, boolean messages) {
        RowRenderer to = java.util.Objects.requireNonNull(opened);
        JsonNode row = line.row();
        if (!messages) {
            String prompt = text(line, "prompt");
            String completion = text(line, "completion");
            return rendering(line, () -> to.completion(prompt, completion));
        }
        JsonNode turns = row.get("messages");
        if (!turns.isArray() || turns.isEmpty()) {
            throw line.wrong("messages: expected an array of {\"role\", \"content\"}, found " + kind(turns));
        }
        JsonNode tools = row.get("tools");
        if (tools != null && !tools.isArray() && !tools.isNull()) {
            throw line.wrong("tools: expected an array of tool specifications, found " + kind(tools));
        }
        return rendering(line, () -> to.conversation(turns, tools == null || tools.isNull() ? null : tools));
    }

    private static Rendered rendering(Line line, Supplier<Rendered> work) {
        try {
            return work.get();
        } catch (AwlException e) {
            throw new DataException(line.file() + ":" + line.number() + ": " + e.getMessage(), e);
        }
    }

    private static String text(Line line, String field) {
        JsonNode node = line.row().path(field);
        if (!node.isTextual()) {
            throw line.wrong(field + ": expected a string, found " + kind(node));
        }
        return node.textValue();
    }

    private static double weight(Line line, @Nullable JsonNode node) {
        if (node == null) {
            return 1;
        }
        if (!node.isNumber() || !Double.isFinite(node.doubleValue()) || node.doubleValue() < 0) {
            throw line.wrong("weight: expected a finite number of at least 0, found " + node);
        }
        return node.doubleValue();
    }

    private int[] ids(Line line, JsonNode node) {
        if (!node.isArray() || node.isEmpty()) {
            throw line.wrong("ids: expected an array of token ids, found " + kind(node));
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

    private static float[] weights(Line line, @Nullable JsonNode node, int length) {
        if (node == null || !node.isArray()) {
            throw line.wrong("weights: expected an array with one number for each id, found " + kind(node));
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

    private static String kind(@Nullable JsonNode node) {
        if (node == null || node.isMissingNode()) {
            return "nothing";
        }
        if (node.isContainerNode() && node.isEmpty()) {
            return "an empty " + (node.isArray() ? "array" : "object");
        }
        return switch (node.getNodeType()) {
            case ARRAY -> "an array";
            case OBJECT -> "an object";
            case STRING -> "a string";
            case NUMBER -> "the number " + node;
            default -> node.toString();
        };
    }
}
