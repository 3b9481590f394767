package awl.cli;

import awl.Json;
import awl.data.JsonLines;
import awl.data.JsonLinesWriter;
import awl.token.CheckpointText;
import awl.token.Tokenizer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl tokenize`: text to token ids and back.
@Command(
        name = "tokenize",
        mixinStandardHelpOptions = true,
        description = {
            "Text to token ids: lines {\"id\",\"text\"} become {\"id\",\"ids\"}.",
            "With --decode the other way: {\"id\",\"ids\"} become {\"id\",\"text\"}."
        })
final class TokenizeCommand implements Callable<Integer> {

    @Option(names = "--model", required = true, description = "Folder with a tokenizer.json, or a GGUF file.")
    Path model;

    @Option(names = "--input", required = true, description = "JSON lines to read.")
    Path input;

    @Option(names = "--output", required = true, description = "JSON lines to write.")
    Path output;

    @Option(
            names = "--no-special",
            description = "Add no special tokens (BOS and the like); with --decode, leave them out of the text.")
    boolean noSpecial;

    @Option(names = "--decode", description = "From ids to text.")
    boolean decode;

    @Override
    public Integer call() {
        try (CheckpointText text = ModelText.open(model);
                JsonLines lines = JsonLines.open(input);
                JsonLinesWriter out = JsonLinesWriter.open(output)) {
            Tokenizer tokenizer = text.tokenizer();
            for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
                Map<String, @Nullable Object> row = line.object();
                Map<String, @Nullable Object> result = new LinkedHashMap<>();
                result.put("id", row.containsKey("id") ? row.get("id") : line.number());
                if (decode) {
                    result.put("text", tokenizer.decode(ids(line, row.get("ids")), noSpecial));
                } else {
                    if (!(row.get("text") instanceof String string)) {
                        throw line.wrong("text: expected a string, found " + found(row, "text"));
                    }
                    result.put("ids", tokenizer.encode(string, !noSpecial));
                }
                out.write(result);
            }
            out.commit();
        }
        return 0;
    }

    private static int[] ids(JsonLines.Line line, @Nullable Object value) {
        if (!(value instanceof List<?> list)) {
            throw line.wrong(
                    "ids: expected an array of token ids, found " + (value == null ? "nothing" : Json.kind(value)));
        }
        int[] ids = new int[list.size()];
        for (int t = 0; t < ids.length; t++) {
            if (!(list.get(t) instanceof Long id) || id < 0 || id > Integer.MAX_VALUE) {
                throw line.wrong("ids[%d]: expected a token id (a whole number of at least 0), found %s"
                        .formatted(t, Json.kind(list.get(t))));
            }
            ids[t] = id.intValue();
        }
        return ids;
    }

    private static String found(Map<String, @Nullable Object> row, String field) {
        return row.containsKey(field) ? Json.kind(row.get(field)) : "nothing";
    }
}
