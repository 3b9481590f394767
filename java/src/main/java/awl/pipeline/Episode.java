package awl.pipeline;

import awl.chat.ToolMode;
import awl.task.mini.MiniProblem;
import java.util.List;
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
