package awl.pipeline;

import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.kernel.KernelSelection;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.sample.CachePlan;
import awl.sample.Completion;
import awl.sample.DecoderSlots;
import awl.sample.Generator;
import awl.sample.Request;
import awl.sample.Sampling;
import awl.task.mini.MiniProblem;
import awl.task.mini.MiniScript;
import awl.task.mini.MiniTools;
import awl.tensor.Precision;
import awl.token.CheckpointText;
import awl.token.Renderer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// The agent loop over many questions at once: the model answers or calls a tool, the tool's result goes
/// back, until it answers or a budget is spent. All live episodes share one [Generator], so the model never
/// waits for a tool.
///
/// What the model said is kept as the ids it sampled; only what others say is tokenized.
final class Episodes implements AutoCloseable {

    private static final int SLOTS = 256;
    private static final int CAPACITY = 192;
    private static final int STEP_TOKENS = 2048;
    private static final int LONGEST_TURN = 48;
    private static final int MOST_CALLS = 2;

    /// Stands for a turn while the text around it is looked at.
    private static final String SENTINEL = "sentinel";

    private final CheckpointText text;
    private final Renderer renderer;
    private final Decoder model;
    private final Generator generator;
    private final List<Integer> stops;
    private final Map<String, int[]> prompts = new HashMap<>();
    private final Map<String, int[]> replies = new HashMap<>();

    private Episodes(CheckpointText text, Decoder model) {
        this.text = text;
        this.renderer = text.renderer(true);
        this.model = model;
        this.stops = model.config().eosIds();
        this.generator = new Generator(
                new DecoderSlots(model, new CachePlan(SLOTS, CAPACITY)), renderer.tokenizer(), STEP_TOKENS);
    }

    /// Opens a model folder.
    static Episodes open(Path folder) {
        Decoder model = Decoder.map(
                Checkpoint.open(folder),
                Precision.FP32,
                KernelSelection.forThisMachine(KernelSelection.Wanted.AUTO).open());
        return new Episodes(CheckpointText.folder(folder), model);
    }

    Renderer renderer() {
        return renderer;
    }

    /// A question to be tried.
    ///
    /// @param stream number of the random stream: another one, another try
    record Asked(MiniProblem problem, ToolMode mode, long stream) {}

    /// Tries all, in any order; the results are in the order asked.
    ///
    /// @param done told the number finished now and then
    List<Episode> run(List<Asked> asked, Sampling sampling, IntConsumer done) {
        List<Live> all = new ArrayList<>(asked.size());
        asked.forEach(each -> all.add(new Live(each, sampling)));
        int begun = 0;
        int[] finished = {0};
        while (finished[0] < all.size()) {
            // A long queue would be searched anew in every step.
            while (begun < all.size() && begun - finished[0] < SLOTS + SLOTS / 4) {
                Live live = all.get(begun++);
                live.finished = () -> done.accept(++finished[0]);
                live.submit();
            }
            generator.step();
        }
        return all.stream().map(Live::episode).toList();
    }

    private int[] prompt(MiniProblem problem, ToolMode mode) {
        return prompts.computeIfAbsent(
                mode + problem.question(), key -> renderer.prompt(MiniScript.ask(problem.question(), mode)));
    }

    /// What stands between the end of a calling turn and the beginning of the next: the result, as the template shows
    /// it.
    private int[] reply(Conversation asked, ToolCall.Parsed call, String result) {
        return replies.computeIfAbsent(result, key -> {
            Conversation replied = asked.with(Message.assistant(SENTINEL)).with(Message.reply(call, result));
            String whole = renderer.promptText(replied);
            int end = whole.lastIndexOf(SENTINEL) + SENTINEL.length();
            int[] ids = renderer.tokenizer().encode(whole.substring(end), false);
            return stops.contains(ids[0]) ? Arrays.copyOfRange(ids, 1, ids.length) : ids;
        });
    }

    @Override
    public void close() {
        generator.close();
        model.close();
        text.close();
    }

    /// An episode under way.
    private final class Live {
        private final Asked asked;
        private final Sampling sampling;
        private final List<Episode.Turn> turns = new ArrayList<>();
        private int[] ids;
        private int calls;
        private int newTokens;
        private @Nullable String answer;
        private boolean exact;
        private Runnable finished = () -> {};

        Live(Asked asked, Sampling sampling) {
            this.asked = asked;
            this.sampling = sampling;
            this.ids = new int[0];
        }

        void submit() {
            if (ids.length == 0) {
                ids = prompt(asked.problem, asked.mode);
            }
            long stream = asked.stream * 31 + turns.size();
            generator
                    .submit(new Request(stream, ids, sampling, LONGEST_TURN, stops, List.of()))
                    .thenAccept(this::continued);
        }

        private void continued(Completion completion) {
            newTokens += completion.ids().length;
            append(completion.ids());
            String said = java.util.Objects.requireNonNull(completion.text());
            Message.Assistant turn = renderer.turn(said);
            boolean ended = stops.contains(completion.ids()[completion.ids().length - 1]);
            if (turn.calls().isEmpty()) {
                turns.add(new Episode.Turn("assistant", said));
                answer =
                        ended && said.startsWith(MiniScript.ANSWER) ? said.substring(MiniScript.ANSWER.length()) : null;
                finished.run();
                return;
            }
            calls++;
            turns.add(new Episode.Turn("assistant", said));
            ToolCall call = turn.calls().getFirst();
            exact = calls == 1 && turn.calls().size() == 1 && call.equals(MiniScript.call(asked.problem));
            if (asked.mode == ToolMode.NONE || calls == MOST_CALLS || !ended) {
                finished.run(); // refused, or over the budget: no answer
                return;
            }
            ToolCall.Parsed run = call instanceof ToolCall.Parsed parsed ? parsed : new ToolCall.Parsed("", Map.of());
            String result = MiniTools.run(run.name(), run.arguments());
            turns.add(new Episode.Turn("tool", result));
            append(reply(MiniScript.ask(asked.problem.question(), asked.mode), run, result));
            if (ids.length + LONGEST_TURN > CAPACITY) {
                finished.run();
                return;
            }
            submit();
        }

        private void append(int[] more) {
            int[] longer = Arrays.copyOf(ids, ids.length + more.length);
            System.arraycopy(more, 0, longer, ids.length, more.length);
            ids = longer;
        }

        Episode episode() {
            boolean right = answer != null && asked.problem.isRight(answer);
            return new Episode(asked.problem, asked.mode, calls, exact, answer, right, newTokens, List.copyOf(turns));
        }
    }
}
