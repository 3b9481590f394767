package awl.task.mini;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// One question with its answer.
///
/// @param id unique in its set
/// @param question as it is asked
/// @param arguments of the tool call that answers it, in the order in which the question names them
/// @param answer the tool's own, as text
/// @param known whether the scripted conversations answer it rightly without a tool
/// @param guess a random answer of the right form
public record MiniProblem(
        String id,
        MiniKind kind,
        String question,
        Map<String, Object> arguments,
        String answer,
        boolean known,
        String guess) {

    /// Most relative error of a number that counts as right, as in the paper.
    private static final double TOLERANCE = 0.05;

    public MiniProblem {
        arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
    }

    /// Whether an answer is right: the same text for easy kinds, within 5 % for hard ones.
    public boolean isRight(String given) {
        if (!kind.hard()) {
            return given.equals(answer);
        }
        try {
            double expected = Double.parseDouble(answer);
            return Math.abs(Double.parseDouble(given) - expected) <= TOLERANCE * Math.abs(expected);
        } catch (NumberFormatException e) {
            return false; // no number: wrong
        }
    }
}
