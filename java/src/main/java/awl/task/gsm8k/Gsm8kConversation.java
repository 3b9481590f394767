package awl.task.gsm8k;

import awl.DataException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolSpec;
import awl.tool.Calculator;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A solution of GSM8K as a conversation: every annotation `<<48/2=24>>` becomes a call of a calculator and its
/// reply, the text before it is what the assistant writes with the call, and the last turn ends with
/// `The answer is 24.`
///
/// Calls have ids (nine letters and digits, which Mistral's templates ask for), arguments are
/// `{"expression": "48/2"}`.
public final class Gsm8kConversation {

    /// The only tool.
    public static final ToolSpec CALCULATOR = Calculator.SPEC;

    private static final String OPEN = "<<";
    private static final String CLOSE = ">>";
    private static final String ANSWER = "####";

    private Gsm8kConversation() {}

    /// @param calls annotations that became calls
    /// @param problems annotations that could not, and why; their text is left out and the sentence stays
    public record Converted(Conversation conversation, String answer, int calls, List<String> problems) {
        public Converted {
            problems = List.copyOf(problems);
        }
    }

    /// @param solution with annotations, and `#### 42` as its last line
    /// @throws DataException where there is no final answer, or an annotation does not end
    public static Converted of(String question, String solution) {
        int end = solution.lastIndexOf(ANSWER);
        if (end < 0) {
            throw new DataException("answer: expected a last line '#### number', found none");
        }
        String answer = solution.substring(end + ANSWER.length()).strip();
        if (answer.isEmpty() || question.isBlank()) {
            throw new DataException(answer.isEmpty() ? "answer: nothing behind '####'" : "question: is empty");
        }
        List<Message> messages = new ArrayList<>();
        messages.add(Message.user(question.strip()));
        List<String> problems = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        String left = solution.substring(0, end);
        int calls = 0;
        int from = 0;
        for (int open = left.indexOf(OPEN); open >= 0; open = left.indexOf(OPEN, from)) {
            int close = left.indexOf(CLOSE, open);
            if (close < 0) {
                throw new DataException("answer: an annotation '<<' without '>>'");
            }
            text.append(left, from, open);
            from = close + CLOSE.length();
            Annotation annotation = Annotation.read(left.substring(open + OPEN.length(), close));
            if (annotation.problem() != null) {
                problems.add(left.substring(open, from) + ": " + annotation.problem());
                continue;
            }
            Map<String, @Nullable Object> arguments = new LinkedHashMap<>();
            arguments.put("expression", annotation.expression());
            ToolCall.Parsed call = new ToolCall.Parsed("call%05d".formatted(++calls), CALCULATOR.name(), arguments);
            messages.add(Message.assistant(text.toString().strip(), List.of(call)));
            messages.add(Message.reply(call, annotation.result()));
            text.setLength(0);
        }
        text.append(left, from, left.length());
        String last = text.toString().strip();
        messages.add(Message.assistant(last + (last.isEmpty() ? "" : "\n") + "The answer is " + answer + "."));
        return new Converted(new Conversation(messages, List.of(CALCULATOR)), answer, calls, problems);
    }
}
