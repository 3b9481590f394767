package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.sample.Sampling;
import awl.sample.ScriptedModel;
import awl.task.Gold;
import awl.task.Problem;
import awl.token.CallFormat;
import awl.token.CheckpointText;
import awl.token.Renderer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What models do wrong, as values.
final class AgentLoopTest {

    private static final int IM_START = 2001;
    private static final Problem PROBLEM = Problem.plain(
            "p1", "mechanics", "sum", "How much is 6 times 7?", List.of(), new Gold.Quantity(42, "", 1e-4));
    private static final String CALL = "{\"tool\": \"calculator\", \"arguments\": {\"expression\": \"6*7\"}}";

    @TempDir
    Path folder;

    private CheckpointText text;
    private Renderer renderer;
    private ProblemSetting setting;

    @BeforeEach
    void open() throws IOException {
        text = CheckpointText.folder(TinyChat.write(folder.resolve("m")));
        renderer = text.renderer(true);
        PipelineConfig config = config();
        setting = new ProblemSetting(config, PromptTexts.of(config.prompts()), CallFormat.PLAIN, List.of());
    }

    @AfterEach
    void close() {
        setting.close();
        text.close();
    }

    private static PipelineConfig config(String... more) {
        return PipelineConfigFile.parse("run.yaml", """
                model: {path: m}
                problems: {sets: [mechanics]}
                tools: {listing: names}
                episode: {tokens: 400, turn_tokens: 120, context: 900, batch: 2, calls: 4, messages: 12}
                output: run
                """, List.of(more));
    }

    /// Runs one question with a model that says what the script says next.
    ///
    /// @param script from everything so far to the next turn; without [TinyChat#END] it never ends
    private Trajectory run(ToolMode mode, UnaryOperator<String> script, String... more) {
        return run(List.of(new AgentLoop.Question(PROBLEM, mode, 0)), script, more)
                .getFirst();
    }

    private List<Trajectory> run(List<AgentLoop.Question> asked, UnaryOperator<String> script, String... more) {
        PipelineConfig.EpisodeLimits limits = config(more).episode();
        int header = renderer.tokenizer().encode("assistant\n", false).length;
        ScriptedModel model = new ScriptedModel(2064, limits.batch(), limits.context(), held -> {
            int turn = held.lastIndexOf(IM_START);
            int said = held.size() - turn - 1 - header;
            if (said < 0) {
                return -1;
            }
            int[] before = held.subList(0, turn).stream().mapToInt(each -> each).toArray();
            int[] next = renderer.tokenizer()
                    .encode(script.apply(renderer.tokenizer().decode(before, false)), false);
            return next[said % next.length];
        });
        List<Trajectory> ended = new ArrayList<>();
        try (AgentLoop loop = new AgentLoop(
                renderer, new LocalTurns(model, limits.batchTokens()), List.of(TinyChat.END_ID), setting, limits)) {
            loop.run(asked.iterator(), Sampling.GREEDY, ended::add);
        }
        return ended;
    }

    private static String turn(String said) {
        return said + TinyChat.END;
    }

    private static UnaryOperator<String> callsThenSays(String call, String answer) {
        return before -> turn(before.contains("Tool result") ? answer : call);
    }

    @Test
    void aCallIsAnsweredAndTheTokensAreThoseOfTheTemplate() {
        Trajectory said = run(ToolMode.OPTIONAL, callsThenSays(CALL, "The answer is 42."));
        assertThat(said.right()).isTrue();
        assertThat(said.stop()).isEqualTo(Trajectory.Stop.ANSWERED);
        assertThat(said.calls()).isEqualTo(1);
        assertThat(said.answered()).isEqualTo(1);
        assertThat(said.turns()).extracting(Trajectory.Turn::text).containsExactly(CALL, "42", "The answer is 42.");
        ToolCall.Parsed call = new ToolCall.Parsed("calculator", Map.of("expression", "6*7"));
        var whole = setting.ask(PROBLEM, ToolMode.OPTIONAL)
                .with(Message.assistant("", List.of(call)))
                .with(Message.reply(call, "42"))
                .with(Message.assistant("The answer is 42."));
        var rendered = renderer.render(whole);
        // The template closes the last turn with a line break that no model writes.
        assertThat(said.ids()).isEqualTo(java.util.Arrays.copyOf(rendered.ids(), said.ids().length));
        assertThat(said.weights()).isEqualTo(java.util.Arrays.copyOf(rendered.weights(), said.ids().length));
        int written = 0;
        for (int t = 0; t < said.ids().length; t++) {
            written += said.weights()[t] != 0 ? 1 : 0;
            assertThat(said.logProbs()[t]).isLessThanOrEqualTo(0);
        }
        assertThat(written).isEqualTo(said.tokens());
    }

    @Test
    void itComesBackFromItsLine() {
        Trajectory said = run(ToolMode.OPTIONAL, callsThenSays(CALL, "The answer is 42."));
        Trajectory back = Trajectory.read(awl.Json.object(awl.Json.write(said.json(true)), "line"), "line");
        assertThat(back).usingRecursiveComparison().ignoringFields("seconds").isEqualTo(said);
    }

    @Test
    void aModelThatNeverStopsEndsWithItsTurnOrItsTokens() {
        Trajectory turn = run(ToolMode.NONE, before -> "and so on ");
        assertThat(turn.stop()).isEqualTo(Trajectory.Stop.TURN);
        assertThat(turn.tokens()).isEqualTo(120);
        assertThat(turn.right()).isFalse();
        Trajectory tokens = run(ToolMode.NONE, before -> "and so on ", "episode.tokens=50");
        assertThat(tokens.stop()).isEqualTo(Trajectory.Stop.TOKENS);
        assertThat(tokens.tokens()).isEqualTo(50);
    }

    @Test
    void theSameCallForEverEndsAndSoDoManyDifferentOnes() {
        Trajectory same = run(ToolMode.FORCED, before -> turn(CALL));
        assertThat(same.stop()).isEqualTo(Trajectory.Stop.REPEATED);
        assertThat(same.right()).isFalse();
        Trajectory many = run(ToolMode.FORCED, before -> turn(CALL.replace("6*7", "1+" + before.length())));
        assertThat(many.stop()).isEqualTo(Trajectory.Stop.CALLS);
        assertThat(many.answered()).isEqualTo(4);
        Trajectory messages =
                run(ToolMode.FORCED, before -> turn(CALL.replace("6*7", "1+" + before.length())), "episode.messages=4");
        assertThat(messages.stop()).isEqualTo(Trajectory.Stop.MESSAGES);
    }

    @Test
    void aCallInsideProseAndTwoInOneTurnAreRun() {
        Trajectory prose = run(
                ToolMode.OPTIONAL, callsThenSays("Let me see.\n" + CALL + "\nThat will help.", "The answer is 42."));
        assertThat(prose.right()).isTrue();
        assertThat(prose.answered()).isEqualTo(1);
        Trajectory two =
                run(ToolMode.OPTIONAL, callsThenSays(CALL + "\n" + CALL.replace("6*7", "2+2"), "The answer is 42."));
        assertThat(two.calls()).isEqualTo(2);
        assertThat(two.turns()).extracting(Trajectory.Turn::text).contains("42", "4");
        assertThat(two.right()).isTrue();
    }

    @Test
    void anInventedToolAndABrokenCallAreToldToTheModelAndNotLearned() {
        for (String call : List.of(
                "{\"tool\": \"oracle\", \"arguments\": {}}", "{\"tool\": \"calculator\", \"arguments\": {\"expr")) {
            Trajectory said = run(ToolMode.OPTIONAL, callsThenSays(call, "The answer is 42."));
            assertThat(said.right()).as(call).isTrue();
            assertThat(said.answered()).isZero();
            assertThat(said.turns().getFirst().failed()).isTrue();
            assertThat(said.turns().get(1).text()).startsWith("error: ");
            int[] prompt = java.util.Arrays.copyOf(said.ids(), said.promptTokens());
            float[] weights = weights(said, prompt, false);
            float[] all = weights(said, prompt, true);
            Trajectory.Turn failed = said.turns().getFirst();
            assertThat(weights[failed.from()]).isZero();
            assertThat(all[failed.from()]).isEqualTo(1);
            assertThat(weights[weights.length - 1]).isEqualTo(1);
        }
    }

    private static float[] weights(Trajectory said, int[] prompt, boolean learnFailedCalls) {
        Object weights = ComposeStage.row(said, prompt, learnFailedCalls).get("weights");
        return (float[]) java.util.Objects.requireNonNull(weights);
    }

    @Test
    void aCallWhereNoneIsAllowedIsRefusedAndWrong() {
        Trajectory said = run(ToolMode.NONE, before -> turn("The answer is 42.\n" + CALL));
        assertThat(said.stop()).isEqualTo(Trajectory.Stop.REFUSED);
        assertThat(said.right()).isFalse();
        assertThat(said.answered()).isZero();
    }

    @Test
    void aPromptLongerThanTheContextIsAValue() {
        Trajectory said = run(ToolMode.OPTIONAL, before -> turn("no"), "episode.context=20");
        assertThat(said.stop()).isEqualTo(Trajectory.Stop.CONTEXT);
        assertThat(said.turns()).isEmpty();
        assertThat(said.right()).isFalse();
    }

    @Test
    void manyEpisodesShareTheModelAndEachEndsOnce() {
        List<AgentLoop.Question> asked = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            asked.add(new AgentLoop.Question(PROBLEM, ToolMode.OPTIONAL, i));
        }
        List<Trajectory> ended = run(asked, callsThenSays(CALL, "The answer is 42."));
        assertThat(ended).hasSize(9).allMatch(Trajectory::right);
        assertThat(ended).extracting(Trajectory::attempt).doesNotHaveDuplicates();
    }
}
