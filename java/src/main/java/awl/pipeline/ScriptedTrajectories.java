package awl.pipeline;

import awl.DataException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolMode;
import awl.grade.Grade;
import awl.task.Problem;
import awl.token.Rendered;
import awl.token.Renderer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Trajectories that nobody sampled: the traces and derivations that come with questions, as the model would have
/// written them.
final class ScriptedTrajectories {

    /// Number of the try that they stand for.
    static final int ATTEMPT = -1;

    private final Renderer renderer;
    private final ProblemSetting setting;

    ScriptedTrajectories(Renderer renderer, ProblemSetting setting) {
        this.renderer = renderer;
        this.setting = setting;
    }

    /// The trace under P_f, with what the tools answer now; null where the question came without one.
    @Nullable
    Trajectory trace(Problem problem) {
        if (problem.trace().isEmpty() || problem.conclusion().isEmpty()) {
            return null;
        }
        return of(problem, ToolMode.FORCED, setting.scripted(problem));
    }

    /// A solution without tools under P_n.
    Trajectory direct(Problem problem, String solution) {
        return of(problem, ToolMode.NONE, List.of(Message.assistant(solution)));
    }

    private Trajectory of(Problem problem, ToolMode mode, List<Message> said) {
        Conversation asked = setting.ask(problem, mode);
        Conversation whole = asked;
        List<Trajectory.Turn> turns = new ArrayList<>();
        int calls = 0;
        int answered = 0;
        for (Message message : said) {
            whole = whole.with(message);
            if (message instanceof Message.Assistant turn) {
                calls += turn.calls().size();
                String written = turn.calls().isEmpty()
                        ? turn.text()
                        : renderer.callFormat()
                                .write(turn.calls().stream()
                                        .map(awl.chat.ToolCall.Parsed.class::cast)
                                        .toList());
                turns.add(new Trajectory.Turn("assistant", written, 0, 0, false));
            } else {
                answered += message.text().startsWith("error: ") ? 0 : 1;
                turns.add(new Trajectory.Turn("tool", message.text(), 0, 0, false));
            }
        }
        int[] prompt = renderer.prompt(asked);
        Rendered rendered = renderer.render(whole);
        int[] ids = rendered.ids();
        if (ids.length <= prompt.length || Arrays.mismatch(ids, prompt) < prompt.length) {
            throw new DataException(
                    "problem %s: its solution does not begin with its prompt in this model's chat template"
                            .formatted(problem.id()));
        }
        float[] weights = rendered.weights().clone();
        Arrays.fill(weights, 0, prompt.length, 0); // demonstrations are assistant turns too
        int learned = 0;
        for (float weight : weights) {
            learned += weight != 0 ? 1 : 0;
        }
        Grade grade = setting.grade(problem, said.getLast().text());
        return new Trajectory(
                problem.id(),
                problem.set(),
                problem.kind(),
                mode,
                ATTEMPT,
                turns,
                Trajectory.Stop.ANSWERED,
                calls,
                answered,
                grade.found(),
                grade.correct(),
                grade.reason(),
                prompt.length,
                learned,
                0,
                ids,
                weights,
                new float[0],
                true);
    }
}
