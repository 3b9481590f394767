package awl.task;

import awl.chat.ToolCall;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One question with its answer, and how it can be come by with and without tools.
///
/// @param id unique in its file
/// @param set the problem set it belongs to
/// @param kind what is asked; figures are reported by kind
/// @param seed it was drawn with; 0 where it was not
/// @param level what its maker expects; null where nobody says
/// @param question as it is asked, without the options
/// @param options of a multiple-choice question; empty for others
/// @param parameters what the text says, by name: a second method finds the answer from them
/// @param trace scripted tool calls that lead to the answer; empty where there are none
/// @param conclusion last turn of a scripted trace; empty where there is none
/// @param solution derivation without tools that ends in the answer; empty where there is none
public record Problem(
        String id,
        String set,
        String kind,
        long seed,
        @Nullable Level level,
        String question,
        List<String> options,
        Gold gold,
        Map<String, @Nullable Object> parameters,
        List<ToolCall.Parsed> trace,
        String conclusion,
        String solution) {

    public Problem {
        options = List.copyOf(options);
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
        trace = List.copyOf(trace);
    }

    /// A question from a file: no parameters, no trace, no solution.
    public static Problem plain(String id, String set, String kind, String question, List<String> options, Gold gold) {
        return new Problem(id, set, kind, 0, null, question, options, gold, Map.of(), List.of(), "", "");
    }

    /// The question as a model reads it: options one a line, `A) ...`.
    public String prompt() {
        List<String> lines = new ArrayList<>();
        lines.add(question);
        for (int i = 0; i < options.size(); i++) {
            lines.add((char) ('A' + i) + ") " + options.get(i));
        }
        return String.join("\n", lines);
    }

    public Problem withId(String other) {
        return new Problem(
                other, set, kind, seed, level, question, options, gold, parameters, trace, conclusion, solution);
    }
}
