package awl.task.mini;

import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.chat.ToolSpec;
import java.util.ArrayList;
import java.util.List;

/// Scripted conversations: what an untrained model learns the format of calls and answers from, before it solves
/// anything by itself.
///
/// The observation in a scripted trace is a random value of the right form, so that copying it is the only
/// way to a low loss. Direct answers are right in a known part of each easy kind and random elsewhere: there
/// is something left to learn. A curriculum decides what comes when, for without it the copying comes much
/// later: numbers to be repeated and traces first, the decision whether to use a tool in the rest.
public final class MiniScript {

    /// Share of the stage in which formats and copying are learned.
    private static final double FIRST_PART = 0.6;

    /// How an answer begins.
    public static final String ANSWER = "answer ";

    private static final double DRILLS = 0.3;
    private static final double TOOL_DRILLS = 0.3;

    /// Words have to be copied as well as numbers: a model that has not learned it answers `no` where the tool says
    /// `yes`.
    private static final double WORD_DRILLS = 0.35;

    private final MiniQuestions questions;
    private final List<MiniKind> kinds;

    public MiniScript(long seed, List<MiniKind> kinds) {
        this.questions = new MiniQuestions(seed);
        this.kinds = List.copyOf(kinds);
    }

    /// What a model is given: the system turn says whether tools may be used, and the question follows.
    public static Conversation ask(String question, ToolMode mode) {
        List<Message> messages = new ArrayList<>();
        messages.add(Message.system(instruction(mode)));
        messages.add(Message.user(question));
        return new Conversation(messages, tools(mode));
    }

    private static String instruction(ToolMode mode) {
        return switch (mode) {
            case NONE -> "no tools";
            case OPTIONAL -> "optional";
            case FORCED -> "required";
        };
    }

    private static List<ToolSpec> tools(ToolMode mode) {
        return mode == ToolMode.NONE ? List.of() : MiniTools.SPECS;
    }

    /// How an answer is written.
    public static Message.Assistant answer(String value) {
        return Message.assistant(ANSWER + value);
    }

    /// The call that answers a question.
    public static ToolCall.Parsed call(MiniProblem problem) {
        return new ToolCall.Parsed(problem.kind().tool(), problem.arguments());
    }

    /// The next conversation.
    ///
    /// @param done how far the stage has gone, 0 to 1
    public Conversation next(double done) {
        if (done < FIRST_PART && questions.uniform(0, 1) < DRILLS) {
            return drill();
        }
        MiniProblem problem = questions.next(kinds);
        ToolMode mode = mode(done, questions.uniform(0, 1));
        Conversation asked = ask(problem.question(), mode);
        boolean trace = mode == ToolMode.FORCED || (mode == ToolMode.OPTIONAL && questions.uniform(0, 1) < 0.5);
        if (trace) {
            ToolCall.Parsed call = call(problem);
            return asked.with(Message.assistant("", List.of(call)))
                    .with(Message.reply(call, problem.guess()))
                    .with(answer(problem.guess()));
        }
        return asked.with(answer(problem.known() ? problem.answer() : problem.guess()));
    }

    private static ToolMode mode(double done, double draw) {
        double none = done < FIRST_PART ? 0.05 : 0.30;
        double optional = done < FIRST_PART ? 0.10 : 0.35;
        if (draw < none) {
            return ToolMode.NONE;
        }
        return draw < none + optional ? ToolMode.OPTIONAL : ToolMode.FORCED;
    }

    private Conversation drill() {
        Message system = Message.system(instruction(ToolMode.NONE));
        if (questions.uniform(0, 1) < TOOL_DRILLS) {
            boolean word = questions.uniform(0, 1) < WORD_DRILLS;
            String value = word ? questions.any("yes", "no", "A", "B") : number(1, 3);
            ToolCall.Parsed unseen = new ToolCall.Parsed("", java.util.Map.of());
            return Conversation.of(system, Message.reply(unseen, value), answer(value));
        }
        StringBuilder values = new StringBuilder(number(1, 2));
        long more = questions.between(1, 3);
        for (int i = 0; i < more; i++) {
            values.append(' ').append(number(1, 2));
        }
        // Repeated with the blank in front, as a word that follows others is written.
        return Conversation.of(system, Message.user(" " + values), Message.assistant(" " + values));
    }

    private String number(int leastDigits, int mostDigits) {
        double limit = Math.pow(10, questions.between(leastDigits, mostDigits));
        return MiniQuestions.decimal(questions.uniform(0, limit), (int) questions.between(0, 2));
    }
}
