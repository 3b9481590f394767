package awl.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.Json;
import awl.PeerException;
import awl.Shared;
import awl.chat.ToolCall;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.data.Index;
import org.assertj.core.data.Offset;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What llama.cpp's server (b11434), vLLM (0.32.0) and SGLang (0.5.23) answered of SmolLM2, byte by byte; each says the
/// same things in places of its own. The calls are by SmolLM2 trained to call tools as Hermes does.
final class RecordedAnswersTest {

    /// Status, a blank, and the body.
    private static String recorded(String name) throws IOException {
        return Files.readString(Shared.resource("remote/" + name + ".json")).strip();
    }

    private static RemoteRequest request(boolean chat, int choices) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("model", "smol");
        body.put("n", choices);
        body.put("top_k", -1);
        return new RemoteRequest(chat, body);
    }

    private static HttpPolicy policy(String root, RemoteAnswers kept, List<String> notes) {
        return new HttpPolicy(
                new RemoteSettings(List.of(URI.create(root)), null, 2, Duration.ofSeconds(5), 1, Duration.ofMillis(2)),
                "smol",
                kept,
                notes::add);
    }

    private static RemoteAnswer ask(String recorded, RemoteRequest request) throws IOException {
        try (FaultyServer server = new FaultyServer(1, 0, (path, body) -> recorded);
                HttpPolicy policy = policy(server.root(), RemoteAnswers.NONE, new ArrayList<>())) {
            return policy.ask(request).join();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-cpp", "vllm", "sglang"})
    void textTokensAndLogProbabilitiesAreFound(String server) throws IOException {
        RemoteAnswer.Choice chat =
                ask(recorded(server + "-chat"), request(true, 1)).choices().getFirst();
        assertThat(chat.text()).isEqualTo("L'Étoile.");
        assertThat(chat.finish()).isEqualTo("stop");
        assertThat(chat.ids()).containsExactly(60, 23, 39614, 1141, 552, 30, 2);
        assertThat(chat.logProbs()).hasSize(7);

        RemoteAnswer.Choice plain =
                ask(recorded(server + "-plain"), request(false, 1)).choices().getFirst();
        assertThat(plain.text()).isEqualTo(" Paris.\n");
        assertThat(plain.finish()).isEqualTo("length");
        assertThat(plain.ids()).containsExactly(7042, 30, 198);
        assertThat(plain.logProbs()).hasSize(3).contains(-0.2585, Index.atIndex(0), Offset.offset(0.001));

        assertThat(ask(recorded(server + "-two"), request(false, 2)).choices()).hasSize(2);
        RemoteAnswer.Choice cut =
                ask(recorded(server + "-cut"), request(false, 1)).choices().getFirst();
        assertThat(cut.text()).isEqualTo(" five, ");
        assertThat(cut.logProbs()).hasSameSizeAs(cut.ids());
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama-cpp", "vllm", "sglang"})
    void whatDoesNotFitIsTheModelsBusiness(String server) throws IOException {
        String recorded = recorded(server + "-too-long");
        assertThatThrownBy(() -> ask(recorded, request(false, 1)))
                .cause()
                .isInstanceOf(RemoteContextException.class)
                .hasMessageContaining("2048");
    }

    /// Their own parsers take the call out of the text; the tokens are all there, the markers among them.
    @ParameterizedTest
    @ValueSource(strings = {"llama-cpp", "vllm", "sglang"})
    void callsOfToolsAreFoundAndTheirTokens(String server) throws IOException {
        RemoteAnswer.Choice calling =
                ask(recorded(server + "-calls"), request(true, 1)).choices().getFirst();
        assertThat(calling.text()).isEmpty();
        assertThat(calling.finish()).isEqualTo("tool_calls");
        assertThat(calling.calls()).singleElement().isInstanceOfSatisfying(ToolCall.Parsed.class, call -> {
            assertThat(call.name()).isEqualTo("calculator");
            assertThat(call.arguments()).isEqualTo(Map.of("expression", "3*14"));
        });
        assertThat(calling.ids())
                .hasSize(33)
                .startsWith(44, 19324, 79, 4350, 46, 198)
                .endsWith(46, 2);
        assertThat(calling.logProbs()).hasSize(33);

        // Cut off within the call: vLLM leaves the text, llama.cpp's server half a call, SGLang nothing of it.
        RemoteAnswer.Choice cut =
                ask(recorded(server + "-calls-cut"), request(true, 1)).choices().getFirst();
        assertThat(cut.finish()).isEqualTo("length");
        assertThat(cut.calls()).noneMatch(ToolCall.Parsed.class::isInstance);
        assertThat(cut.ids()).hasSize(20).startsWith(44, 19324, 79, 4350, 46, 198);
        assertThat(cut.logProbs()).hasSize(20);
    }

    /// An answer that is kept is read as the one that came, and holds nothing for its size alone.
    @ParameterizedTest
    @ValueSource(strings = {"llama-cpp", "vllm", "sglang"})
    void keptAnswersAreSmallAndTheSame(String server) throws IOException {
        for (String name : List.of("chat", "plain", "calls")) {
            Map<String, @Nullable Object> came =
                    Json.object(recorded(server + "-" + name).substring(4), name);
            Map<String, @Nullable Object> kept = RemoteAnswer.kept(came);
            RemoteRequest request = request(!name.equals("plain"), 1);
            assertThat(RemoteAnswer.read(request, kept))
                    .usingRecursiveComparison()
                    .isEqualTo(RemoteAnswer.read(request, came));
            assertThat(Json.write(kept)).doesNotContain("top_logprobs", "bytes");
        }
    }

    @Test
    void anAnswerBrokenOffIsAskedForAgain() throws IOException {
        String good = recorded("vllm-plain");
        int[] asked = {0};
        FaultyServer.Answers stopping = (path, body) ->
                asked[0]++ == 0 ? good.replace("\"finish_reason\":\"length\"", "\"finish_reason\":\"abort\"") : good;
        try (FaultyServer server = new FaultyServer(1, 0, stopping);
                HttpPolicy policy = policy(server.root(), RemoteAnswers.NONE, new ArrayList<>())) {
            assertThat(policy.ask(request(false, 1)).join().choices().getFirst().text())
                    .isEqualTo(" Paris.\n");
            assertThat(server.asked()).isEqualTo(2);
        }
    }

    /// Errors as SGLang and older vLLM write them, without `error` around them; 501 is no failure to be tried again.
    @Test
    void errorsOfEveryShapeAreToldOnce() throws IOException {
        Map<String, Class<?>> shapes = new HashMap<>();
        shapes.put(
                "400 {\"object\":\"error\",\"message\":\"The input (9000 tokens) is longer than the model's context length (2048 tokens).\",\"type\":\"BadRequest\",\"param\":null,\"code\":400}",
                RemoteContextException.class);
        shapes.put("400 {\"object\":\"error\",\"message\":\"no\",\"code\":400}", PeerException.class);
        shapes.put("422 {\"detail\":[{\"msg\":\"Field required\"}]}", PeerException.class);
        shapes.put(
                "501 {\"error\":{\"code\":501,\"message\":\"no\",\"type\":\"not_supported_error\"}}",
                PeerException.class);
        for (Map.Entry<String, Class<?>> each : shapes.entrySet()) {
            try (FaultyServer server = new FaultyServer(1, 0, (path, body) -> each.getKey());
                    HttpPolicy policy = policy(server.root(), RemoteAnswers.NONE, new ArrayList<>())) {
                CompletableFuture<RemoteAnswer> answer = policy.ask(request(false, 1));
                assertThatThrownBy(answer::join).as(each.getKey()).cause().isInstanceOf(each.getValue());
                assertThat(server.asked()).as(each.getKey()).isEqualTo(1);
            }
        }
    }
}
