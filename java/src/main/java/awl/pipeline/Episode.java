package awl.pipeline;

import awl.Json;
import awl.chat.ToolMode;
import awl.task.mini.MiniProblem;
import awl.task.mini.MiniScript;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How a model fared with one question.
///
/// @param calls tool calls it made
/// @param exact whether its first call is the one that answers the question
/// @param answer its final answer; null where it gave none
/// @param right whether that is right
/// @param tokens it wrote
/// @param turns what it and the tool said, behind the question
record Episode(
        MiniProblem problem,
        ToolMode mode,
        int calls,
        boolean exact,
        @Nullable String answer,
        boolean right,
        int tokens,
        List<Turn> turns) {

    /// @param role `assistant` or `tool`
    record Turn(String role, String text) {}

    /// The scripted solution: the call that answers the question, and what the tool says.
    static Episode scripted(MiniProblem problem) {
        return new Episode(
                problem,
                ToolMode.FORCED,
                1,
                true,
                problem.answer(),
                true,
                0,
                List.of(
                        new Turn("assistant", call(problem)),
                        new Turn("tool", problem.answer()),
                        new Turn("assistant", MiniScript.ANSWER + problem.answer())));
    }

    private static String call(MiniProblem problem) {
        Map<String, Object> call = new LinkedHashMap<>();
        call.put("name", problem.kind().tool());
        call.put("arguments", problem.arguments());
        return "<tool_call>" + Json.write(call) + "</tool_call>";
    }

    boolean usedTool() {
        return calls > 0;
    }

    /// The first tool result, or null.
    @Nullable
    String observation() {
        return turns.stream()
                .filter(turn -> turn.role().equals("tool"))
                .map(Turn::text)
                .findFirst()
                .orElse(null);
    }
}
