package awl.data;

import awl.DataException;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Reads training rows (JSONL): `{"messages", ["tools"]}`, `{"prompt", "completion"}` or `{"ids", "weights"}`,
/// each with an optional `"weight"` for the whole row, `"id"`, and `"origin"` (a part of the mixed objective).
/// Prompt and completion are two strings, or two arrays of messages.
///
/// All rows are read, rendered and checked before the first step: a bad line stops a run at once and not after
/// an hour. Every error names file, line and field. A field of another name is left alone and mentioned once,
/// unless it looks like a misspelt one.
public final class ExampleFile {

    private static final Set<String> FIELDS =
            Set.of("messages", "tools", "prompt", "completion", "ids", "weights", "weight", "id", "origin");

    private final RowTokens tokens;

    /// @param vocabulary ids must be below it
    /// @param renderer asked at most once, when the first row with text is met
    public ExampleFile(int vocabulary, Supplier<RowRenderer> renderer) {
        this(new RowTokens(vocabulary, renderer));
    }

    ExampleFile(RowTokens tokens) {
        this.tokens = tokens;
    }

    /// @param examples in the order of the file
    /// @param notes what the user should know: unused fields, rows without anything to learn
    public record Rows(List<Example> examples, List<String> notes) {}

    /// Reads a whole file.
    public Rows read(Path file) {
        List<DataLine> rows = DataLine.all(file);
        if (rows.isEmpty()) {
            throw new DataException(
                    file + ": no rows; expected one JSON object a line with messages, prompt and completion, or ids");
        }
        TreeMap<String, Integer> unused = new TreeMap<>();
        for (DataLine line : rows) {
            if (line.row().has("chosen") || line.row().has("rejected")) {
                throw line.wrong("a preference pair (chosen, rejected) needs objective.type dpo or ipo");
            }
            line.checkFields(FIELDS, unused);
        }
        tokens.openFor(rows.stream().anyMatch(line -> !line.row().has("ids")));
        // Rendering is the slow part and rows are independent of each other.
        List<Example> examples = rows.parallelStream().map(this::example).toList();
        List<String> notes = new ArrayList<>(DataLine.unusedNotes(file.toString(), unused));
        List<Example> idle = examples.stream().filter(e -> !e.learns()).toList();
        if (idle.size() == examples.size()) {
            throw new DataException(file
                    + ": none of the %d rows has a token to learn; give assistant messages, a completion or weights other than 0"
                            .formatted(examples.size()));
        }
        if (!idle.isEmpty()) {
            notes.add("%s: %d rows have nothing to learn (first: %s)"
                    .formatted(file, idle.size(), idle.getFirst().where()));
        }
        notes.addAll(splitNotes(file, "rows", examples));
        return new Rows(examples, List.copyOf(notes));
    }

    private Example example(DataLine line) {
        String id = line.id();
        double weight = line.weight("weight");
        Origin origin = origin(line);
        return new Example(id, tokens.of(line), weight, line.where(), origin);
    }

    /// Says how many rows became several documents.
    ///
    /// @param kind what the examples are, in the plural
    static List<String> splitNotes(Path file, String kind, List<Example> examples) {
        List<Example> split =
                examples.stream().filter(e -> e.documents().size() > 1).toList();
        int documents = split.stream().mapToInt(e -> e.documents().size()).sum();
        return split.isEmpty()
                ? List.of()
                : List.of(
                        "%s: %d %s became %d documents, for the chat template rewrites earlier turns (first: %s); each still counts as one"
                                .formatted(
                                        file,
                                        split.size(),
                                        kind,
                                        documents,
                                        split.getFirst().where()));
    }

    private static @Nullable Origin origin(DataLine line) {
        JsonNode node = line.row().get("origin");
        if (node == null || node.isNull()) {
            return null;
        }
        return Origin.named(node.asText())
                .filter(known -> node.isTextual())
                .orElseThrow(() -> line.wrong("origin: expected one of %s, found %s".formatted(Origin.names(), node)));
    }
}
