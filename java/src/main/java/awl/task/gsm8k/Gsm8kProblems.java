package awl.task.gsm8k;

import awl.DataException;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.task.Gold;
import awl.task.Problem;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// GSM8K as a problem set: the annotations are the trace, the text around them is the solution without tools.
public final class Gsm8kProblems {

    private static final double EXACT = 1e-4;

    private Gsm8kProblems() {}

    /// Whether a row is laid out as GSM8K's: an answer that ends in `#### number`.
    public static boolean isOne(Map<String, @Nullable Object> row) {
        return row.get("question") instanceof String
                && row.get("answer") instanceof String answer
                && answer.contains("####");
    }

    /// @throws DataException where the answer is no number
    public static Problem read(Map<String, @Nullable Object> row, String where, String id) {
        String question = String.valueOf(row.get("question"));
        String solution = String.valueOf(row.get("answer"));
        try {
            Gsm8kConversation.Converted converted = Gsm8kConversation.of(question, solution);
            List<ToolCall.Parsed> trace = new ArrayList<>();
            for (Message message : converted.conversation().messages()) {
                if (message instanceof Message.Assistant turn) {
                    turn.calls().forEach(call -> {
                        if (call instanceof ToolCall.Parsed parsed) {
                            trace.add(new ToolCall.Parsed(parsed.name(), parsed.arguments()));
                        }
                    });
                }
            }
            String text = solution.substring(0, solution.lastIndexOf("####"))
                    .replaceAll("<<[^<>]*>>", "")
                    .strip();
            String last = "The answer is " + converted.answer() + ".";
            return new Problem(
                    id,
                    "gsm8k",
                    "word_problem",
                    0,
                    null,
                    question.strip(),
                    List.of(),
                    new Gold.Quantity(value(converted.answer()), "", EXACT),
                    Map.of(),
                    trace,
                    last,
                    text + "\n" + last);
        } catch (DataException e) {
            throw new DataException(where + ": " + e.getMessage(), e);
        }
    }

    private static double value(String answer) {
        try {
            double value = Double.parseDouble(answer.replaceAll("[$,]", ""));
            if (Double.isFinite(value)) {
                return value;
            }
        } catch (NumberFormatException e) {
            throw new DataException("answer: expected a number behind '####', found '" + answer + "'", e);
        }
        throw new DataException("answer: expected a finite number behind '####', found '" + answer + "'");
    }
}
