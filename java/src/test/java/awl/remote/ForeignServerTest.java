package awl.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.Json;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.chat.ToolSpec;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A real server of somebody else (vLLM, llama.cpp's, SGLang) through [HttpPolicy]: it stands at `AWL_FOREIGN_SERVER`
/// (`http://host:port`) and serves a chat model under `AWL_FOREIGN_MODEL`. What it says is printed.
final class ForeignServerTest {

    private static final List<Map<String, String>> ASK =
            List.of(Map.of("role", "user", "content", "Name the capital of France in one word."));

    private final List<String> notes = new ArrayList<>();
    private HttpPolicy policy;

    @BeforeEach
    void open() {
        String server = System.getenv("AWL_FOREIGN_SERVER");
        Assumptions.assumeTrue(server != null, "needs AWL_FOREIGN_SERVER and AWL_FOREIGN_MODEL");
        policy = new HttpPolicy(
                new RemoteSettings(
                        List.of(URI.create(server)), null, 4, Duration.ofMinutes(2), 1, Duration.ofMillis(100)),
                System.getenv().getOrDefault("AWL_FOREIGN_MODEL", "m"),
                RemoteAnswers.NONE,
                notes::add);
    }

    @AfterEach
    void close() {
        if (policy != null) {
            policy.close();
        }
    }

    private RemoteAnswer ask(boolean chat, Object prompt, Object... more) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("model", policy.model());
        body.put(chat ? "messages" : "prompt", prompt);
        body.put("temperature", 0.0);
        body.put("max_tokens", 24);
        for (int i = 0; i < more.length; i += 2) {
            body.put(String.valueOf(more[i]), more[i + 1]);
        }
        RemoteAnswer answer = policy.ask(new RemoteRequest(chat, body)).join();
        answer.choices()
                .forEach(each -> System.out.printf(
                        "%s %s: %s %s, ids %s, log-probabilities %s%n",
                        chat ? "chat" : "plain",
                        Json.write(Arrays.asList(more)),
                        each.finish(),
                        Json.write(each.text()),
                        Arrays.toString(each.ids()),
                        Arrays.toString(each.logProbs())));
        return answer;
    }

    @Test
    void greedilyItRepeatsItselfAndTellsLogProbabilities() {
        RemoteAnswer chat = ask(true, ASK, "logprobs", true, "top_logprobs", 1, "return_token_ids", true);
        RemoteAnswer.Choice one = chat.choices().getFirst();
        assertThat(one.text()).isNotBlank();
        assertThat(one.logProbs()).isNotEmpty();
        assertThat(Arrays.stream(one.logProbs()).max().orElseThrow()).isLessThanOrEqualTo(1e-6);
        RemoteAnswer again = ask(true, ASK, "logprobs", true, "top_logprobs", 1, "return_token_ids", true);
        assertThat(again.choices().getFirst().text()).isEqualTo(one.text());
        // Ids of a prompt go in, ids of the answer come back.
        int[] prompt = {504, 3575, 282, 4649, 314};
        RemoteAnswer plain = ask(false, prompt, "logprobs", 1, "return_token_ids", true, "stop_token_ids", List.of(2));
        assertThat(plain.choices().getFirst().ids()).isNotEmpty();
        assertThat(plain.choices().getFirst().logProbs())
                .hasSameSizeAs(plain.choices().getFirst().ids());
        if (plain.promptIds() != null) {
            assertThat(plain.promptIds()).containsExactly(prompt);
        }
        assertThat(notes).isEmpty();
    }

    @Test
    void severalAnswersAreRepeatedByTheSeed() {
        Object[] more = {"n", 3, "temperature", 1.0, "top_p", 1.0, "top_k", -1, "min_p", 0.0, "seed", 11};
        List<String> one = ask(true, ASK, more).choices().stream()
                .map(RemoteAnswer.Choice::text)
                .toList();
        List<String> two = ask(true, ASK, more).choices().stream()
                .map(RemoteAnswer.Choice::text)
                .toList();
        assertThat(one).hasSize(3);
        assertThat(one.stream().distinct().count()).isGreaterThan(1);
        System.out.println("the seed repeats them: " + one.equals(two));
        assertThat(notes).isEmpty();
    }

    @Test
    void aStopEndsTheText() {
        String whole = ask(false, "One, two, three, four,").choices().getFirst().text();
        String word = whole.strip().split("[ ,]+")[2];
        RemoteAnswer.Choice cut = ask(false, "One, two, three, four,", "stop", List.of(word), "logprobs", 1)
                .choices()
                .getFirst();
        assertThat(cut.text()).doesNotContain(word);
        assertThat(whole).startsWith(cut.text());
        assertThat(cut.finish()).isEqualTo("stop");
    }

    @Test
    void toolsGoThereAndTheirResultsToo() {
        ToolSpec tool = ToolSpec.of(
                "add",
                "Adds two whole numbers",
                Map.of(
                        "type",
                        "object",
                        "properties",
                        Map.of("a", Map.of("type", "integer"), "b", Map.of("type", "integer"))));
        Conversation asked =
                Conversation.of(Message.user("How much is 17 plus 25?")).withTools(List.of(tool));
        Message.Assistant turn = policy.reply(asked, ToolMode.OPTIONAL);
        System.out.println("with tools: " + turn);
        ToolCall.Parsed call = new ToolCall.Parsed("call00001", "add", Map.of("a", 17L, "b", 25L));
        Message.Assistant after = policy.reply(
                asked.with(Message.assistant("", List.of(call))).with(Message.reply(call, "42")), ToolMode.OPTIONAL);
        System.out.println("behind the result: " + after);
        assertThat(after.text().length() + after.calls().size()).isPositive();
    }

    @Test
    void whatIsTooLongIsTheModelsBusinessAndAWrongModelOurs() {
        String longer = "word ".repeat(40_000);
        assertThatThrownBy(() -> ask(false, longer)).cause().isInstanceOf(RemoteContextException.class);
        assertThatThrownBy(() -> ask(true, List.of(Map.of("role", "user", "content", longer))))
                .cause()
                .isInstanceOf(RemoteContextException.class)
                .satisfies(error -> System.out.println("too long: " + error.getMessage()));
    }
}
