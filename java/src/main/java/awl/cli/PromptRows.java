package awl.cli;

import awl.ConfigException;
import awl.Json;
import awl.data.JsonLines;
import java.math.BigInteger;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The input of `awl score` and `awl generate`: lines `{"id","ids"}`, `{"id","text"}` or
/// `{"id","messages",["tools"]}`.
///
/// A text gets the special tokens its tokenizer adds by itself (for Llama a BOS, for SmolLM2 nothing); a
/// conversation is rendered by the checkpoint's template, which writes its own.
final class PromptRows {

    private PromptRows() {}

    /// @param line where it stands, for errors
    /// @param id as given, or the number of the line
    /// @param field which field the tokens come from
    record Row(JsonLines.Line line, Object id, String field, int[] ids) {

        /// Refuses ids the model does not have.
        void requireVocabulary(int size) {
            for (int t = 0; t < ids.length; t++) {
                if (ids[t] < 0 || ids[t] >= size) {
                    throw line.wrong(field + "[" + t + "]: expected a token id from 0 to " + (size - 1) + ", found "
                            + ids[t] + "; is the file made for another model?");
                }
            }
        }
    }

    /// What turns text and conversations into ids; asked for only when a row needs it.
    interface TextSource {

        int[] encode(String text);

        /// @param row with `messages` and perhaps `tools`
        int[] render(Map<String, @Nullable Object> row, JsonLines.Line line);
    }

    /// Reads all rows.
    static List<Row> read(Path input, TextSource text) {
        List<Row> rows = new ArrayList<>();
        try (JsonLines lines = JsonLines.open(input)) {
            for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
                rows.add(row(line, text));
            }
        }
        if (rows.isEmpty()) {
            throw new ConfigException(input + ": no rows; expected lines like {\"id\": \"a\", \"text\": \"...\"}");
        }
        return rows;
    }

    private static Row row(JsonLines.Line line, TextSource text) {
        Map<String, @Nullable Object> fields = line.object();
        Object id = fields.get("id");
        id = id == null ? line.number() : id;
        List<String> given = new ArrayList<>(List.of("ids", "text", "messages"));
        given.retainAll(fields.keySet());
        if (given.size() != 1) {
            throw line.wrong("expected one of \"ids\", \"text\" and \"messages\", found "
                    + (given.isEmpty() ? "none of them" : String.join(" and ", given)));
        }
        String field = given.getFirst();
        Object value = fields.get(field);
        int[] ids = switch (field) {
            case "ids" -> ids(line, value);
            case "text" -> {
                if (!(value instanceof String string)) {
                    throw line.wrong("text: expected a string, found " + Json.kind(value));
                }
                yield text.encode(string);
            }
            default -> text.render(fields, line);
        };
        return new Row(line, id, field, ids);
    }

    private static int[] ids(JsonLines.Line line, @Nullable Object value) {
        if (!(value instanceof List<?> list)) {
            throw line.wrong("ids: expected an array of token ids, found " + Json.kind(value));
        }
        int[] ids = new int[list.size()];
        for (int t = 0; t < ids.length; t++) {
            Object item = list.get(t);
            long id = item instanceof Long number ? number : -1;
            if (!(item instanceof Long || item instanceof BigInteger) || id < 0 || id > Integer.MAX_VALUE) {
                throw line.wrong("ids[" + t + "]: expected a token id (a whole number >= 0), found " + Json.kind(item));
            }
            ids[t] = (int) id;
        }
        return ids;
    }
}
