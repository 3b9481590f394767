package awl.data;

import awl.DataException;
import awl.token.Rendered;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Reads preference pairs (JSONL): `{"chosen": ROW, "rejected": ROW, ["pair_weight"], ["reference_logp": [c,
/// r]], ["id"]}` with ROW a row of [ExampleFile].
///
/// Rows as TRL writes them are read as well: `chosen` and `rejected` as strings or as arrays of messages, with a
/// `prompt` of the same kind. Without one, what both begin with is the prompt. Only what follows the prompt counts;
/// of a conversation, its assistant turns.
public final class PreferenceFile {

    private static final Set<String> FIELDS =
            Set.of("chosen", "rejected", "prompt", "tools", "pair_weight", "reference_logp", "id");
    private static final Set<String> BRANCH_FIELDS =
            Set.of("messages", "tools", "prompt", "completion", "ids", "weights", "id");

    private final RowTokens tokens;

    /// @param vocabulary ids must be below it
    /// @param renderer asked at most once, when the first row with text is met
    public PreferenceFile(int vocabulary, Supplier<RowRenderer> renderer) {
        this.tokens = new RowTokens(vocabulary, renderer);
    }

    /// @param pairs in the order of the file
    /// @param notes what the user should know: unused fields
    public record Pairs(List<PreferencePair> pairs, List<String> notes) {}

    /// Reads a whole file.
    public Pairs read(Path file) {
        List<DataLine> rows = DataLine.all(file);
        if (rows.isEmpty()) {
            throw new DataException(file + ": no rows; expected one JSON object a line with chosen and rejected");
        }
        TreeMap<String, Integer> unused = new TreeMap<>();
        for (DataLine line : rows) {
            if (!line.row().has("chosen") || !line.row().has("rejected")) {
                throw line.wrong("expected chosen and rejected (objective.type is dpo or ipo), found "
                        + String.join(", ", names(line.row())));
            }
            line.checkFields(FIELDS, unused);
            for (String branch : List.of("chosen", "rejected")) {
                if (line.row().get(branch).isObject()) {
                    line.part(branch, line.row().get(branch)).checkFields(BRANCH_FIELDS, unused);
                }
            }
        }
        tokens.openFor(rows.stream()
                .anyMatch(line -> !line.row().at("/chosen/ids").isArray()
                        || !line.row().at("/rejected/ids").isArray()));
        List<PreferencePair> pairs = rows.parallelStream().map(this::pair).toList();
        if (pairs.stream().allMatch(pair -> pair.weight() == 0)) {
            throw new DataException(file + ": pair_weight is 0 in all %d rows".formatted(pairs.size()));
        }
        List<String> notes = new ArrayList<>(DataLine.unusedNotes(file.toString(), unused));
        List<Example> branches = pairs.stream()
                .flatMap(pair -> Stream.of(pair.chosen(), pair.rejected()))
                .toList();
        notes.addAll(ExampleFile.splitNotes(file, "branches of pairs", branches));
        return new Pairs(pairs, List.copyOf(notes));
    }

    private static List<String> names(JsonNode row) {
        List<String> names = new ArrayList<>();
        row.fieldNames().forEachRemaining(names::add);
        return names.isEmpty() ? List.of("nothing") : names;
    }

    private PreferencePair pair(DataLine line) {
        String id = line.id();
        return new PreferencePair(
                id,
                branch(line, id, "chosen", "rejected"),
                branch(line, id, "rejected", "chosen"),
                line.weight("pair_weight"),
                reference(line),
                line.where());
    }

    private Example branch(DataLine line, String id, String name, String other) {
        Example branch = new Example(id + "/" + name, tokens(line, name, other), 1, line.where() + " " + name, null);
        if (!branch.learns()) {
            throw line.wrong(name + ": has no token to learn; give assistant messages, a completion or weights other"
                    + " than 0");
        }
        double sum = branch.weightSum();
        if (sum <= 0) {
            throw line.wrong(name + ".weights: expected a positive sum, found " + sum);
        }
        return branch;
    }

    private List<Rendered> tokens(DataLine line, String name, String other) {
        JsonNode branch = line.row().get(name);
        JsonNode prompt = line.row().get("prompt");
        if (branch.isObject()) {
            if (prompt != null) {
                throw line.wrong("prompt: belongs to chosen and rejected as texts or arrays of messages");
            }
            return tokens.of(line.part(name, branch));
        }
        if (branch.isTextual()) {
            if (prompt != null) {
                return tokens.completion(line, line.text("prompt"), branch.textValue());
            }
            String text = branch.textValue();
            int shared = sharedPrompt(text, line.text(other));
            return tokens.completion(line, text.substring(0, shared), text.substring(shared));
        }
        if (!branch.isArray()) {
            throw line.wrong(
                    name + ": expected a row, an array of messages or a string, found " + DataLine.kind(branch));
        }
        if (prompt != null) {
            return tokens.continuation(line, prompt, name, branch, RowTokens.tools(line));
        }
        int shared = sharedTurns(branch, line.row().get(other));
        return shared == 0
                ? tokens.conversation(line, name, branch, RowTokens.tools(line))
                : tokens.continuation(
                        line,
                        turns(branch, 0, shared),
                        name,
                        turns(branch, shared, branch.size()),
                        RowTokens.tools(line));
    }

    /// Where the texts part, but never inside a word: behind its last blank.
    private static int sharedPrompt(String one, String two) {
        int shared = 0;
        while (shared < Math.min(one.length(), two.length()) && one.charAt(shared) == two.charAt(shared)) {
            shared++;
        }
        while (shared > 0 && !Character.isWhitespace(one.charAt(shared - 1))) {
            shared--;
        }
        // The blank belongs to the word that follows it, as tokenizers have it.
        while (shared > 0 && one.charAt(shared - 1) == ' ') {
            shared--;
        }
        return shared;
    }

    private static int sharedTurns(JsonNode one, JsonNode two) {
        int shared = 0;
        while (shared < Math.min(one.size(), two.size()) - 1 && one.get(shared).equals(two.get(shared))) {
            shared++;
        }
        return shared;
    }

    private static JsonNode turns(JsonNode all, int from, int to) {
        var part = JsonNodeFactory.instance.arrayNode();
        for (int i = from; i < to; i++) {
            part.add(all.get(i));
        }
        return part;
    }

    private static PreferencePair.@Nullable LogProbs reference(DataLine line) {
        JsonNode node = line.row().get("reference_logp");
        if (node == null || node.isNull()) {
            return null;
        }
        if (!node.isArray()
                || node.size() != 2
                || !node.get(0).isNumber()
                || !node.get(1).isNumber()
                || !Double.isFinite(node.get(0).doubleValue())
                || !Double.isFinite(node.get(1).doubleValue())) {
            throw line.wrong("reference_logp: expected [chosen, rejected], two finite numbers, found " + node);
        }
        return new PreferencePair.LogProbs(
                node.get(0).doubleValue(), node.get(1).doubleValue());
    }
}
