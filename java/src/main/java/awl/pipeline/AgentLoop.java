package awl.pipeline;

import awl.AwlException;
import awl.DataException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.data.SplitMix;
import awl.grade.Grade;
import awl.remote.RemoteContextException;
import awl.sample.Request;
import awl.sample.Sampling;
import awl.task.Problem;
import awl.token.Renderer;
import awl.tool.ToolResult;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The agent loop over many questions at once: the model answers or calls tools, their results go back, until it
/// answers or a budget is spent. All live episodes share one [TurnWriter]; tools run on threads of their own, so the
/// model goes on with the others meanwhile.
///
/// What the model said is kept as the ids it sampled; only what others say is tokenized. Draws depend on the question,
/// the number of the try and the seed, never on what else is at work. Whatever a model writes is a [Trajectory].
final class AgentLoop implements AutoCloseable {

    /// So often in a row the same calls may come.
    private static final int SAME_CALLS = 3;

    private final Renderer renderer;
    private final List<Integer> stops;
    private final BetweenTurns between;
    private final Setting setting;
    private final PipelineConfig.EpisodeLimits limits;
    private final TurnWriter writer;
    private final int capacity;
    private final int slots;
    private final LinkedBlockingQueue<Runnable> events = new LinkedBlockingQueue<>();
    private final ExecutorService tools = Executors.newFixedThreadPool(
            2, Thread.ofPlatform().daemon().name("episode-tool-", 0).factory());

    /// A question to be tried.
    ///
    /// @param attempt number of the try: another one, other draws
    record Question(Problem problem, ToolMode mode, int attempt) {
        String key() {
            return Trajectory.key(problem.id(), mode, attempt);
        }
    }

    /// @param writer closed with the loop
    /// @param stops tokens that end a turn
    AgentLoop(
            Renderer renderer,
            TurnWriter writer,
            List<Integer> stops,
            Setting setting,
            PipelineConfig.EpisodeLimits limits) {
        this.renderer = renderer;
        this.stops = List.copyOf(stops);
        this.between = new BetweenTurns(renderer, this.stops);
        this.setting = setting;
        this.limits = limits;
        this.writer = writer;
        this.capacity = writer.capacity();
        this.slots = writer.slots();
    }

    /// Tries all, in any order.
    ///
    /// @param done given each as it ends, on this thread
    void run(Iterator<Question> asked, Sampling sampling, Consumer<Trajectory> done) {
        int live = 0;
        List<Trajectory> ended = new ArrayList<>();
        while (live > 0 || asked.hasNext()) {
            // A long queue would be searched anew in every step.
            while (asked.hasNext() && live < slots + Math.max(1, slots / 4)) {
                new Live(asked.next(), sampling, ended).begin();
                live++;
            }
            boolean moved = writer.step();
            try {
                Runnable event =
                        moved || !ended.isEmpty() ? events.poll() : events.take(); // only tools or others are at work
                for (; event != null; event = events.poll()) {
                    event.run();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while a tool was at work", e);
            }
            ended.forEach(done);
            live -= ended.size();
            ended.clear();
        }
    }

    /// Episodes that run at once.
    int slots() {
        return slots;
    }

    @Override
    public void close() {
        tools.shutdownNow();
        writer.close();
    }

    /// An episode under way; only touched by the thread that runs the loop.
    private final class Live {
        private final Question question;
        private final Sampling sampling;
        private final List<Trajectory> ended;
        private final List<Trajectory.Turn> turns = new ArrayList<>();
        private final long start = System.nanoTime();
        private @Nullable Conversation asked;
        private @Nullable Conversation talk;
        private final EpisodeTokens tokens = new EpisodeTokens();
        private int promptTokens;
        private int newTokens;
        private int messages;
        private int calls;
        private int answered;
        private int same;
        private List<ToolCall> last = List.of();

        Live(Question question, Sampling sampling, List<Trajectory> ended) {
            this.question = question;
            this.sampling = sampling;
            this.ended = ended;
        }

        void begin() {
            asked = setting.ask(question.problem, question.mode);
            talk = asked;
            tokens.show(renderer.prompt(asked));
            promptTokens = tokens.count();
            submit();
        }

        /// Asks for the next turn, if the budgets hold one.
        private void submit() {
            if (newTokens >= limits.tokens()) {
                end(Trajectory.Stop.TOKENS);
            } else if (messages >= limits.messages()) {
                end(Trajectory.Stop.MESSAGES);
            } else if (seconds() > limits.seconds()) {
                end(Trajectory.Stop.TIME);
            } else if (tokens.count() >= capacity) {
                end(Trajectory.Stop.CONTEXT);
            } else {
                int most = Math.min(limits.turnTokens(), limits.tokens() - newTokens);
                long stream = SplitMix.mix(SplitMix.mix(question.problem.id().hashCode() * 64L + question.attempt)
                        + 64L * question.mode.ordinal()
                        + messages);
                writer.write(
                                Objects.requireNonNull(talk),
                                new Request(stream, tokens.ids(), sampling, most, stops, List.of()))
                        .whenComplete((written, error) -> events.add(() -> said(written, error)));
            }
        }

        private void said(TurnWriter.@Nullable Written completion, @Nullable Throwable error) {
            if (completion == null) {
                Throwable cause = error instanceof CompletionException wrapped ? wrapped.getCause() : error;
                if (cause instanceof RemoteContextException) {
                    end(Trajectory.Stop.CONTEXT);
                    return;
                }
                throw cause instanceof AwlException known
                        ? known
                        : new IllegalStateException("the model failed", error);
            }
            int from = tokens.count();
            tokens.write(completion.ids(), completion.logProbs());
            newTokens += completion.ids().length;
            messages++;
            int end = completion.ids()[completion.ids().length - 1];
            boolean whole = stops.contains(end);
            int[] said = whole ? Arrays.copyOf(completion.ids(), completion.ids().length - 1) : completion.ids();
            // With special tokens, for some formats mark calls by them.
            String text = renderer.tokenizer().decode(said, false);
            Message.Assistant turn = renderer.turn(text);
            turns.add(new Trajectory.Turn("assistant", text, from, tokens.count(), false));
            calls += turn.calls().size();
            if (!turn.calls().isEmpty() && question.mode == ToolMode.NONE) {
                end(Trajectory.Stop.REFUSED);
            } else if (!whole) {
                boolean spent = newTokens >= limits.tokens();
                boolean full = tokens.count() >= capacity;
                end(full ? Trajectory.Stop.CONTEXT : spent ? Trajectory.Stop.TOKENS : Trajectory.Stop.TURN);
            } else if (turn.calls().isEmpty()) {
                end(Trajectory.Stop.ANSWERED);
            } else if (calls > limits.calls()) {
                end(Trajectory.Stop.CALLS);
            } else {
                same = turn.calls().equals(last) ? same + 1 : 1;
                last = turn.calls();
                if (same >= SAME_CALLS) {
                    end(Trajectory.Stop.REPEATED);
                } else {
                    tools.execute(() -> call(turn, end));
                }
            }
        }

        /// On a thread of the tools: runs the calls and reads what they gave as tokens.
        private void call(Message.Assistant turn, int end) {
            Runnable next;
            try {
                List<ToolCall> wanted = turn.calls();
                List<ToolResult> results = new ArrayList<>();
                for (ToolCall each : wanted) {
                    results.add(setting.call(question.problem, each));
                }
                int[] shown = between.tokens(Objects.requireNonNull(asked), wanted, results, end);
                next = () -> replied(turn, results, shown);
            } catch (DataException e) {
                next = () -> end(Trajectory.Stop.TEMPLATE);
            } catch (RuntimeException | Error e) {
                next = () -> {
                    throw new IllegalStateException("a tool call could not be handled", e);
                };
            }
            events.add(next);
        }

        private void replied(Message.Assistant said, List<ToolResult> results, int[] shown) {
            List<String> texts = results.stream().map(ToolResult::text).toList();
            talk = RemoteTurns.longer(Objects.requireNonNull(talk), said, texts);
            int good = (int) results.stream().filter(ToolResult::isAnswered).count();
            answered += good;
            if (good == 0) {
                Trajectory.Turn turn = turns.removeLast();
                turns.add(new Trajectory.Turn(turn.role(), turn.text(), turn.from(), turn.to(), true));
            }
            int from = tokens.count();
            tokens.show(shown);
            for (ToolResult each : results) {
                turns.add(new Trajectory.Turn("tool", each.text(), from, tokens.count(), false));
            }
            messages += results.size();
            submit();
        }

        private double seconds() {
            return (System.nanoTime() - start) / 1e9;
        }

        /// What it said counts, also where it was cut off; a turn that calls is no answer.
        private void end(Trajectory.Stop stop) {
            boolean spoke = !turns.isEmpty() && turns.getLast().byModel();
            String reply = spoke ? renderer.turn(turns.getLast().text()).text() : "";
            boolean mute =
                    !spoke || !renderer.turn(turns.getLast().text()).calls().isEmpty();
            Grade grade =
                    mute ? Grade.wrong(null, "no answer: " + stop.label()) : setting.grade(question.problem, reply);
            Problem problem = question.problem;
            ended.add(new Trajectory(
                    problem.id(),
                    problem.set(),
                    problem.kind(),
                    question.mode,
                    question.attempt,
                    List.copyOf(turns),
                    stop,
                    calls,
                    answered,
                    grade.found(),
                    grade.correct(),
                    grade.reason(),
                    promptTokens,
                    newTokens,
                    seconds(),
                    tokens.ids(),
                    tokens.weights(),
                    tokens.logProbs(),
                    false));
        }
    }
}
