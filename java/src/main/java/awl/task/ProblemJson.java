package awl.task;

import awl.Json;
import awl.chat.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A problem as a JSON object, one a line in our files.
final class ProblemJson {

    private ProblemJson() {}

    static Map<String, @Nullable Object> write(Problem problem) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>();
        row.put("id", problem.id());
        row.put("set", problem.set());
        row.put("kind", problem.kind());
        if (problem.seed() != 0) {
            row.put("seed", problem.seed());
        }
        Level level = problem.level();
        if (level != null) {
            row.put("level", level.label());
        }
        row.put("question", problem.question());
        if (!problem.options().isEmpty()) {
            row.put("options", problem.options());
        }
        switch (problem.gold()) {
            case Gold.Choice choice -> answer(row, "choice", String.valueOf(choice.letter()));
            case Gold.Quantity number -> {
                answer(row, "number", number.value());
                row.put("unit", number.unit());
                row.put("tolerance", number.tolerance());
            }
            case Gold.Expression formula -> answer(row, "expression", formula.expression());
            case Gold.Words words -> answer(row, "words", words.words());
            case Gold.Open open -> {
                answer(row, "open", open.target());
                row.put("metric", open.metric());
                row.put("lower_is_better", open.lowerIsBetter());
            }
        }
        if (!problem.parameters().isEmpty()) {
            row.put("parameters", problem.parameters());
        }
        if (!problem.trace().isEmpty()) {
            List<Object> calls = new ArrayList<>();
            for (ToolCall.Parsed call : problem.trace()) {
                Map<String, @Nullable Object> json = new LinkedHashMap<>();
                json.put("name", call.name());
                json.put("arguments", call.arguments());
                calls.add(json);
            }
            row.put("trace", calls);
        }
        if (!problem.conclusion().isEmpty()) {
            row.put("conclusion", problem.conclusion());
        }
        if (!problem.solution().isEmpty()) {
            row.put("solution", problem.solution());
        }
        return row;
    }

    private static void answer(Map<String, @Nullable Object> row, String type, Object value) {
        row.put("answer_type", type);
        row.put("answer", value);
    }

    /// The scripted calls of a row.
    ///
    /// @throws awl.DataException with the field where one is none
    static List<ToolCall.Parsed> trace(@Nullable Object value, String where) {
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof List<?> calls)) {
            throw new awl.DataException(where + ": trace: expected an array of calls, found " + Json.kind(value));
        }
        List<ToolCall.Parsed> trace = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            String field = where + ": trace[" + i + "]";
            Map<String, @Nullable Object> call = Json.asObject(calls.get(i), field);
            if (!(call.get("name") instanceof String name)) {
                throw new awl.DataException(field + ".name: expected a string, found " + Json.kind(call.get("name")));
            }
            trace.add(new ToolCall.Parsed(name, Json.asObject(call.get("arguments"), field + ".arguments")));
        }
        return trace;
    }
}
