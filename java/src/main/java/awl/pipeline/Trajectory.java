package awl.pipeline;

import awl.Json;
import awl.chat.ToolMode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How one question was answered: what was said, and the tokens exactly as they were sampled.
///
/// @param id of the question
/// @param attempt number of the try, from 0
/// @param turns behind the question, of the model and of tools
/// @param stop why it ended
/// @param calls that the model made, whether they were run or not
/// @param answered those of them that a tool answered
/// @param answer its final answer as graded; null where it gave none
/// @param reason why it is wrong; empty where it is right
/// @param promptTokens how many of `ids` were there before the model's first token
/// @param tokens that the model wrote
/// @param ids prompt, turns and replies as the model saw them; empty where they were not kept
/// @param weights 1 on what the model wrote, 0 on the rest
/// @param logProbs of what the model wrote, under its own distribution; 0 on the rest; empty for scripts
/// @param scripted whether it is the trace that came with the question
record Trajectory(
        String id,
        String set,
        String kind,
        ToolMode mode,
        int attempt,
        List<Turn> turns,
        Stop stop,
        int calls,
        int answered,
        @Nullable String answer,
        boolean right,
        String reason,
        int promptTokens,
        int tokens,
        double seconds,
        int[] ids,
        float[] weights,
        float[] logProbs,
        boolean scripted) {

    /// @param role `assistant` or `tool`
    /// @param from first of its tokens in `ids`
    /// @param to behind its last token
    /// @param failed an assistant's turn whose calls all failed
    record Turn(String role, String text, int from, int to, boolean failed) {
        boolean byModel() {
            return role.equals("assistant");
        }
    }

    /// Why an episode ended.
    enum Stop {
        /// With a turn that calls nothing.
        ANSWERED,
        /// It called a tool under P_n.
        REFUSED,
        /// Its turn did not end within the tokens of a turn.
        TURN,
        /// Its tokens were spent.
        TOKENS,
        /// Its calls were spent.
        CALLS,
        /// Its messages were spent.
        MESSAGES,
        /// Its time was spent.
        TIME,
        /// It made the same calls again and again.
        REPEATED,
        /// Nothing more fits the context.
        CONTEXT,
        /// The chat template refused the conversation.
        TEMPLATE;

        String label() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    boolean usedTool() {
        return calls > 0;
    }

    /// The text of the last turn, if it is the model's.
    String reply() {
        return turns.isEmpty() || !turns.getLast().byModel()
                ? ""
                : turns.getLast().text();
    }

    /// What tells it from other lines of its file.
    String key() {
        return key(id, mode, attempt);
    }

    static String key(String id, ToolMode mode, int attempt) {
        return id + "/" + label(mode) + "/" + attempt;
    }

    static String label(ToolMode mode) {
        return mode.name().toLowerCase(Locale.ROOT);
    }

    /// @param tokenised whether the tokens are kept
    Map<String, @Nullable Object> json(boolean tokenised) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("id", id);
        row.put("set", set);
        row.put("kind", kind);
        row.put("prompt", label(mode));
        row.put("try", attempt);
        row.put("right", right);
        row.put("answer", answer);
        if (!right) {
            row.put("reason", reason);
        }
        row.put("stop", stop.label());
        row.put("calls", calls);
        row.put("answered", answered);
        row.put("prompt_tokens", promptTokens);
        row.put("tokens", tokens);
        row.put("seconds", Math.round(seconds * 1000) / 1000.0);
        if (scripted) {
            row.put("scripted", true);
        }
        List<Object> said = new ArrayList<>();
        for (Turn turn : turns) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("role", turn.role);
            json.put("content", turn.text);
            json.put("from", turn.from);
            json.put("to", turn.to);
            if (turn.failed) {
                json.put("failed", true);
            }
            said.add(json);
        }
        row.put("turns", said);
        if (tokenised) {
            row.put("ids", ids);
            row.put("weights", weights);
            row.put("logprobs", logProbs);
        }
        return row;
    }

    /// @param where file and line
    static Trajectory read(Map<String, @Nullable Object> row, String where) {
        List<Turn> turns = new ArrayList<>();
        for (Object each : list(row.get("turns"))) {
            Map<String, @Nullable Object> turn = Json.asObject(each, where + ": turns");
            turns.add(new Turn(
                    text(turn.get("role")),
                    text(turn.get("content")),
                    number(turn.get("from")),
                    number(turn.get("to")),
                    Boolean.TRUE.equals(turn.get("failed"))));
        }
        try {
            return new Trajectory(
                    text(row.get("id")),
                    text(row.get("set")),
                    text(row.get("kind")),
                    ToolMode.valueOf(text(row.get("prompt")).toUpperCase(Locale.ROOT)),
                    number(row.get("try")),
                    List.copyOf(turns),
                    Stop.valueOf(text(row.get("stop")).toUpperCase(Locale.ROOT)),
                    number(row.get("calls")),
                    number(row.get("answered")),
                    row.get("answer") instanceof String answer ? answer : null,
                    Boolean.TRUE.equals(row.get("right")),
                    text(row.getOrDefault("reason", "")),
                    number(row.get("prompt_tokens")),
                    number(row.get("tokens")),
                    row.get("seconds") instanceof Number seconds ? seconds.doubleValue() : 0,
                    ids(row.get("ids")),
                    floats(row.get("weights")),
                    floats(row.get("logprobs")),
                    Boolean.TRUE.equals(row.get("scripted")));
        } catch (IllegalArgumentException e) {
            throw new awl.DataException(where + ": is no line of a stage: " + e.getMessage(), e);
        }
    }

    /// All whole lines of a file.
    static List<Trajectory> readAll(Path file) {
        List<Trajectory> all = new ArrayList<>();
        for (Map<String, @Nullable Object> row : AppendedFile.rows(file)) {
            all.add(read(row, file + ":" + (all.size() + 1)));
        }
        return all;
    }

    private static List<?> list(@Nullable Object value) {
        return value instanceof List<?> list ? list : List.of();
    }

    private static String text(@Nullable Object value) {
        return Objects.requireNonNullElse(value, "").toString();
    }

    private static int number(@Nullable Object value) {
        return value instanceof Number number ? number.intValue() : 0;
    }

    private static int[] ids(@Nullable Object value) {
        return list(value).stream().mapToInt(Trajectory::number).toArray();
    }

    private static float[] floats(@Nullable Object value) {
        List<?> list = list(value);
        float[] floats = new float[list.size()];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = list.get(i) instanceof Number number ? number.floatValue() : 0;
        }
        return floats;
    }
}
