package awl.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.Json;
import awl.PeerException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.chat.ToolSpec;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class HttpPolicyTest {

    private static final String KEY = "sk-remote-41f2";

    /// Echoes the prompt.
    private static String echo(String path, String body) {
        Map<String, @Nullable Object> asked = Json.object(body, "body");
        return "200 "
                + Json.write(Map.of(
                        "choices",
                        List.of(Map.of(
                                "text",
                                "said " + asked.get("prompt"),
                                "finish_reason",
                                "stop",
                                "token_ids",
                                List.of(1, 2),
                                "logprobs",
                                Map.of("token_logprobs", List.of(-0.5, -0.25))))));
    }

    private static RemoteRequest request(int n) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("model", "m");
        body.put("prompt", "question " + n);
        return new RemoteRequest(false, body);
    }

    private static RemoteSettings settings(int concurrency, int retries, String... roots) {
        return new RemoteSettings(
                List.of(roots).stream().map(URI::create).toList(),
                KEY,
                concurrency,
                Duration.ofMillis(800),
                retries,
                Duration.ofMillis(2));
    }

    /// Kept in memory.
    private static final class Kept implements RemoteAnswers {
        final Map<String, Map<String, @Nullable Object>> all = new ConcurrentHashMap<>();

        @Override
        public @Nullable Map<String, @Nullable Object> find(String hash) {
            return all.get(hash);
        }

        @Override
        public void keep(String hash, Map<String, @Nullable Object> answer) {
            all.put(hash, answer);
        }
    }

    @Test
    void serversThatFailCostNothingButTime() throws IOException {
        Kept kept = new Kept();
        List<String> notes = new ArrayList<>();
        try (FaultyServer one = new FaultyServer(1, 0.35, HttpPolicyTest::echo);
                FaultyServer two = new FaultyServer(2, 0.35, HttpPolicyTest::echo)) {
            List<String> said = new ArrayList<>();
            try (HttpPolicy policy = new HttpPolicy(settings(8, 30, one.root(), two.root()), "m", kept, notes::add)) {
                List<CompletableFuture<RemoteAnswer>> asked = new ArrayList<>();
                for (int n = 0; n < 120; n++) {
                    asked.add(policy.ask(request(n)));
                }
                asked.forEach(each -> said.add(each.join().choices().getFirst().text()));
            }
            List<String> expected = new ArrayList<>();
            for (int n = 0; n < 120; n++) {
                expected.add("said question " + n);
            }
            assertThat(said).isEqualTo(expected);
            assertThat(one.faults().keySet()).hasSizeGreaterThan(4);
            assertThat(one.asked() + two.asked()).isGreaterThan(150);
            // A second start asks for nothing that is there.
            int before = one.asked() + two.asked();
            try (HttpPolicy policy = new HttpPolicy(settings(8, 30, one.root(), two.root()), "m", kept, notes::add)) {
                assertThat(policy.ask(request(7)).join().choices().getFirst().ids())
                        .containsExactly(1, 2);
            }
            assertThat(one.asked() + two.asked()).isEqualTo(before);
            assertThat(one.lastKey()).isEqualTo("Bearer " + KEY);
        }
        assertThat(Json.write(kept.all) + notes).doesNotContain(KEY);
    }

    @Test
    void noMoreAreUnderWayThanAllowed() throws IOException {
        AtomicInteger now = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        FaultyServer.Answers slow = (path, body) -> {
            most.accumulateAndGet(now.incrementAndGet(), Math::max);
            try {
                Thread.sleep(5);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            now.decrementAndGet();
            return echo(path, body);
        };
        try (FaultyServer one = new FaultyServer(1, 0, slow);
                FaultyServer two = new FaultyServer(1, 0, slow);
                HttpPolicy policy =
                        new HttpPolicy(settings(5, 3, one.root(), two.root()), "m", RemoteAnswers.NONE, note -> {})) {
            List<CompletableFuture<RemoteAnswer>> asked = new ArrayList<>();
            for (int n = 0; n < 60; n++) {
                asked.add(policy.ask(request(n)));
            }
            asked.forEach(CompletableFuture::join);
            assertThat(most.get()).isLessThanOrEqualTo(5).isGreaterThan(1);
            // The least loaded is asked, so both work.
            assertThat(one.asked()).isBetween(15, 45);
        }
    }

    @Test
    void aServerThatIsGoneIsTriedAgainAndTheOtherDoesTheWork() throws IOException {
        FaultyServer gone = new FaultyServer(1, 0, HttpPolicyTest::echo);
        gone.close();
        try (FaultyServer there = new FaultyServer(1, 0, HttpPolicyTest::echo);
                HttpPolicy policy = new HttpPolicy(
                        settings(4, 3, gone.root(), there.root()), "m", RemoteAnswers.NONE, note -> {})) {
            for (int n = 0; n < 20; n++) {
                assertThat(policy.ask(request(n)).join().choices()).hasSize(1);
            }
            assertThat(there.asked()).isEqualTo(20);
        }
        try (HttpPolicy policy = new HttpPolicy(settings(4, 2, gone.root()), "m", RemoteAnswers.NONE, note -> {})) {
            CompletableFuture<RemoteAnswer> answer = policy.ask(request(1));
            assertThatThrownBy(answer::join)
                    .isInstanceOf(CompletionException.class)
                    .cause()
                    .isInstanceOf(PeerException.class)
                    .hasMessageContaining(gone.root())
                    .hasMessageContaining("after 3 tries");
        }
    }

    @Test
    void whatWeDoWrongEndsAtOnceAndWithoutTheKey() throws IOException {
        Map<String, Class<?>> wrong = Map.of(
                "401 {\"error\": {\"message\": \"Incorrect API key provided: " + KEY + "\"}}",
                ConfigException.class,
                "404 {\"error\": {\"message\": \"no such model\"}}",
                ConfigException.class,
                "400 {\"error\": {\"message\": \"prompt: " + KEY + " what?\"}}",
                PeerException.class,
                "400 {\"error\": {\"message\": \"This model's maximum context length is 5 tokens.\"}}",
                RemoteContextException.class);
        for (Map.Entry<String, Class<?>> each : wrong.entrySet()) {
            try (FaultyServer server = new FaultyServer(1, 0, (path, body) -> each.getKey());
                    HttpPolicy policy =
                            new HttpPolicy(settings(4, 5, server.root()), "m", RemoteAnswers.NONE, note -> {})) {
                CompletableFuture<RemoteAnswer> answer = policy.ask(request(1));
                assertThatThrownBy(answer::join)
                        .cause()
                        .isInstanceOf(each.getValue())
                        .hasMessageNotContaining(KEY);
                assertThat(server.asked()).isEqualTo(1);
            }
        }
    }

    @Test
    void serversWithoutVllmsFieldsAreAskedWithout() throws IOException {
        List<String> notes = new ArrayList<>();
        FaultyServer.Answers strict = (path, body) -> body.contains("return_token_ids")
                ? "400 {\"error\": {\"message\": \"Unrecognized request argument supplied: return_token_ids\"}}"
                : echo(path, body);
        try (FaultyServer server = new FaultyServer(1, 0, strict);
                HttpPolicy policy =
                        new HttpPolicy(settings(1, 0, server.root()), "m", RemoteAnswers.NONE, notes::add)) {
            for (int n = 0; n < 3; n++) {
                RemoteRequest request = request(n);
                request.body().put("return_token_ids", true);
                assertThat(policy.ask(request).join().choices()).hasSize(1);
            }
            assertThat(server.asked()).isEqualTo(4);
            assertThat(notes).hasSize(1);
        }
    }

    /// It would have the model write the arguments in the schema's order and no others: not its own tokens.
    @Test
    void llamaCppsServerIsToldToLeaveCallsToTheModel() throws IOException {
        List<String> notes = new ArrayList<>();
        List<String> bodies = Collections.synchronizedList(new ArrayList<>());
        FaultyServer.Answers answers = (path, body) -> {
            bodies.add(body);
            return echo(path, body);
        };
        try (FaultyServer server = new FaultyServer(1, 0, answers).named("llama.cpp");
                HttpPolicy policy =
                        new HttpPolicy(settings(2, 0, server.root()), "m", RemoteAnswers.NONE, notes::add)) {
            RemoteRequest plain = request(0);
            plain.body().put("return_token_ids", true);
            policy.ask(plain).join();
            assertThat(bodies).singleElement().asString().doesNotContain("tool_choice");
            for (int n = 1; n < 3; n++) {
                RemoteRequest request = request(n);
                request.body().put("return_token_ids", true);
                request.body().put("tools", List.of());
                policy.ask(request).join();
                assertThat(bodies.getLast()).contains("\"tool_choice\":\"none\"");
                assertThat(request.body()).doesNotContainKey("tool_choice");
            }
            assertThat(server.asked()).isEqualTo(4);
            // Who wants calls, and no tokens, has them as the server reads them.
            RemoteRequest calls = request(3);
            calls.body().put("tools", List.of());
            policy.ask(calls).join();
            assertThat(bodies.getLast()).doesNotContain("tool_choice");
            assertThat(notes).singleElement().asString().contains("grammar");
        }
    }

    /// SGLang has other paths for adapters, and takes a name alone for that of its base model.
    /// Some servers answer for any name; what they list tells. One that lists nothing is no reason for a word.
    @Test
    void aModelThatAServerDoesNotListIsTold() throws IOException {
        FaultyServer.Answers lists = (path, body) -> path.equals("/v1/models")
                ? "200 " + Json.write(Map.of("data", List.of(Map.of("id", "llama"), Map.of("id", KEY))))
                : echo(path, body);
        FaultyServer.Answers lacks = (path, body) -> path.equals("/v1/models") ? "404 {}" : echo(path, body);
        FaultyServer.Answers odd =
                (path, body) -> path.equals("/v1/models") ? "200 {\"data\": [7, {}]}" : echo(path, body);
        for (String wanted : List.of("smol", "llama")) {
            List<String> notes = Collections.synchronizedList(new ArrayList<>());
            try (FaultyServer first = new FaultyServer(1, 0, lists);
                    FaultyServer second = new FaultyServer(1, 0, lacks);
                    FaultyServer third = new FaultyServer(1, 0, odd);
                    HttpPolicy policy = new HttpPolicy(
                            settings(4, 2, first.root(), second.root(), third.root()), "m", new Kept(), notes::add)) {
                policy.tellIfUnlisted(wanted);
                assertThat(first.asked()).isZero();
                policy.ask(request(1)).join();
                policy.ask(request(2)).join();
                assertThat(first.asked() + second.asked() + third.asked()).isEqualTo(3 + 2);
                assertThat(notes)
                        .containsExactlyElementsOf(
                                wanted.equals("llama")
                                        ? List.of()
                                        : List.of(first.root()
                                                + " lists 'llama', '***' and not 'smol', which policy.model"
                                                + " names: it may answer with another model"));
            }
        }
    }

    @Test
    void anAdapterIsLoadedByTheServersOwnPathAndName() throws IOException {
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        FaultyServer.Answers sglang = (path, body) -> {
            Map<String, @Nullable Object> json = Json.object(body, "body");
            asked.add(path + " " + (json.containsKey("lora_name") ? json.get("lora_name") : json.get("model")));
            return switch (path) {
                case "/load_lora_adapter" ->
                    "400 {\"success\":false,\"error_message\":\"Failed to load LoRA adapter a because it is already loaded\"}";
                case "/unload_lora_adapter" -> "200 {\"success\":true,\"error_message\":\"\",\"loaded_adapters\":{}}";
                case "/v1/completions" -> echo(path, body);
                default -> "404 {\"detail\":\"Not Found\"}";
            };
        };
        List<String> notes = new ArrayList<>();
        try (FaultyServer server = new FaultyServer(1, 0, sglang);
                HttpPolicy policy =
                        new HttpPolicy(settings(1, 0, server.root()), "a", RemoteAnswers.NONE, notes::add)) {
            policy.adapters().load("smol", "a", Path.of("/runs/adapter"));
            policy.ask(request(0)).join();
            policy.adapters().unload("a");
            assertThat(asked)
                    .containsExactly(
                            "/v1/load_lora_adapter a",
                            "/load_lora_adapter a",
                            "/v1/completions smol:a",
                            "/v1/unload_lora_adapter a",
                            "/unload_lora_adapter a");
            assertThat(notes).isEmpty();
        }
        FaultyServer.Answers without = (path, body) -> path.startsWith("/load")
                ? "400 {\"success\":false,\"error_message\":\"LoRA is not enabled\"}"
                : "404 {\"detail\":\"Not Found\"}";
        try (FaultyServer server = new FaultyServer(1, 0, without);
                HttpPolicy policy =
                        new HttpPolicy(settings(1, 0, server.root()), "a", RemoteAnswers.NONE, notes::add)) {
            assertThatThrownBy(() -> policy.adapters().load("smol", "a", Path.of("/runs/adapter")))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("status 400: LoRA is not enabled")
                    .hasMessageContaining("--enable-lora");
        }
    }

    @Test
    void argumentsOfCallsAreStringsOnTheWireAndObjectsHere() throws IOException {
        List<String> bodies = new ArrayList<>();
        FaultyServer.Answers calling = (path, body) -> {
            bodies.add(body);
            return "200 {\"choices\": [{\"message\": {\"role\": \"assistant\", \"content\": null, \"tool_calls\": ["
                    + "{\"id\": \"a\", \"type\": \"function\", \"function\": {\"name\": \"sum\", \"arguments\": \"{\\\"x\\\": 2}\"}},"
                    + "{\"id\": \"b\", \"type\": \"function\", \"function\": {\"name\": \"sum\", \"arguments\": \"{x\"}}"
                    + "]}, \"finish_reason\": \"tool_calls\"}]}";
        };
        try (FaultyServer server = new FaultyServer(1, 0, calling);
                HttpPolicy policy =
                        new HttpPolicy(settings(1, 0, server.root()), "m", RemoteAnswers.NONE, note -> {})) {
            ToolCall.Parsed earlier = new ToolCall.Parsed("call00000", "sum", Map.of("x", 1L));
            Conversation conversation = Conversation.of(
                            Message.user("go"), Message.assistant("", List.of(earlier)), Message.reply(earlier, "1"))
                    .withTools(List.of(ToolSpec.of("sum", "adds", Map.of("type", "object"))));
            Message.Assistant turn = policy.reply(conversation, ToolMode.OPTIONAL);
            assertThat(turn.calls()).hasSize(2);
            assertThat(turn.calls().getFirst())
                    .isInstanceOfSatisfying(
                            ToolCall.Parsed.class,
                            call -> assertThat(call.arguments()).isEqualTo(Map.of("x", 2L)));
            assertThat(turn.calls().getLast()).isInstanceOf(ToolCall.Malformed.class);
            Map<String, @Nullable Object> sent = Json.object(bodies.getFirst(), "body");
            assertThat(bodies.getFirst()).contains("\"arguments\":\"{\\\"x\\\":1}\"");
            assertThat(sent).containsKeys("tools", "messages").containsEntry("temperature", 0.0);
        }
    }

    @Test
    void addressesWithSecretsInThemAreRefusedWithoutRepeatingThem() {
        for (String wrong :
                List.of("http://user:" + KEY + "@host", "ftp://host", "host:80", "http://host?key=" + KEY)) {
            assertThatThrownBy(() -> RemoteSettings.of(List.of(wrong), null, 1, Duration.ofSeconds(1), 0))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageNotContaining(KEY);
        }
        assertThatThrownBy(() ->
                        RemoteSettings.of(List.of("http://host"), "AWL_NO_SUCH_VARIABLE", 1, Duration.ofSeconds(1), 0))
                .hasMessageContaining("AWL_NO_SUCH_VARIABLE");
        RemoteSettings read = RemoteSettings.of(List.of("http://host:1/v1/"), null, 1, Duration.ofSeconds(1), 0);
        assertThat(read.endpoints()).containsExactly(URI.create("http://host:1"));
        assertThat(settings(1, 1, "http://host").toString()).doesNotContain(KEY);
    }
}
