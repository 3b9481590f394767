package awl.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.Json;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.sample.SlotModel;
import awl.serve.http.HttpLimits;
import java.io.IOException;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ModelServerTest extends ServerFixture {

    private static final String TEXT = "/v1/completions";
    private static final String TOOLS = """
            "tools": [{"type": "function", "function": {"name": "calculator", "description": "sums", "parameters": \
            {"type": "object", "properties": {"expression": {"type": "string"}}}}}]""";

    private Calls says(UnaryOperator<String> script) {
        return serve(chat.model(4, script));
    }

    private Calls serve(SlotModel model) {
        return calls(start(() -> model, ServerOptions.local(0)));
    }

    private static String ask(String more) {
        return "{\"model\": \"scripted\", \"messages\": [{\"role\": \"user\", \"content\": \"Well?\"}]"
                + (more.isEmpty() ? "" : ", " + more) + "}";
    }

    @Test
    void anAnswerIsTheModelsTextWithItsUsage() throws IOException {
        Calls.Answer answer = says(before -> "Größe: 42 🙂" + ScriptedChat.END).post(CHAT, ask(""));
        assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
        assertThat(answer.at("choices.0.message.content")).isEqualTo("Größe: 42 🙂");
        assertThat(answer.at("choices.0.finish_reason")).isEqualTo("stop");
        assertThat(answer.at("object")).isEqualTo("chat.completion");
        int prompt = chat.renderer().prompt(Conversation.of(Message.user("Well?"))).length;
        assertThat(answer.at("usage.prompt_tokens")).isEqualTo((long) prompt);
        int said = chat.renderer().tokenizer().encode("Größe: 42 🙂", false).length + 1;
        assertThat(answer.at("usage.completion_tokens")).isEqualTo((long) said);
    }

    @Test
    void aStreamGivesTheSameAnswerInPieces() throws IOException {
        Calls calls = says(before -> "Größe 🙂 is what it is, alpha beta" + ScriptedChat.END);
        for (String more : List.of("", "\"stop\": [\"beta\"]", "\"stop\": \"🙂 is\"", "\"max_tokens\": 5")) {
            Calls.Answer whole = calls.post(CHAT, ask(more));
            String streaming = "\"stream\": true, \"stream_options\": {\"include_usage\": true}";
            List<Map<String, @Nullable Object>> events =
                    calls.stream(CHAT, ask(more.isEmpty() ? streaming : more + ", " + streaming));
            StringBuilder text = new StringBuilder();
            Object finish = null;
            for (Map<String, @Nullable Object> event : events) {
                if (event.get("choices") instanceof List<?> choices && !choices.isEmpty()) {
                    Object content = Json.asObject(Calls.at(event, "choices.0.delta"), "delta")
                            .get("content");
                    text.append(content == null ? "" : content);
                    finish = Calls.at(event, "choices.0.finish_reason");
                }
            }
            assertThat(text.toString()).as(more).isEqualTo(whole.at("choices.0.message.content"));
            assertThat(finish).isEqualTo(whole.at("choices.0.finish_reason"));
            assertThat(Calls.at(events.getLast(), "usage.completion_tokens"))
                    .isEqualTo(whole.at("usage.completion_tokens"));
        }
    }

    @Test
    void callsComeBackAsToolCallsAndTheirResultsGoIn() throws IOException {
        String call = "{\"tool\": \"calculator\", \"arguments\": {\"expression\": \"6*7\"}}";
        Calls calls = says(before -> (before.contains("Tool result") ? "It is 42." : call) + ScriptedChat.END);
        Calls.Answer first = calls.post(CHAT, ask(TOOLS));
        assertThat(first.at("choices.0.finish_reason")).isEqualTo("tool_calls");
        assertThat(first.at("choices.0.message.content")).isNull();
        assertThat(first.at("choices.0.message.tool_calls.0.function.name")).isEqualTo("calculator");
        assertThat(first.at("choices.0.message.tool_calls.0.function.arguments"))
                .isEqualTo("{\"expression\":\"6*7\"}");
        String messages = "\"messages\": [{\"role\": \"user\", \"content\": \"Well?\"}, "
                + Json.write(first.at("choices.0.message")) + ", {\"role\": \"tool\", \"tool_call_id\": "
                + Json.write(first.at("choices.0.message.tool_calls.0.id")) + ", \"content\": \"42\"}]";
        Calls.Answer second = calls.post(CHAT, "{\"model\": \"scripted\", " + messages + ", " + TOOLS + "}");
        assertThat(second.at("choices.0.message.content")).as(second.toString()).isEqualTo("It is 42.");
        List<Map<String, @Nullable Object>> events = calls.stream(CHAT, ask(TOOLS + ", \"stream\": true"));
        assertThat(events.stream()
                        .map(each -> Json.asObject(Calls.at(each, "choices.0.delta"), "delta")
                                .get("tool_calls"))
                        .filter(each -> each != null)
                        .map(each -> Calls.at(each, "0.function.arguments")))
                .containsExactly("{\"expression\":\"6*7\"}");
        assertThat(Calls.at(events.getLast(), "choices.0.finish_reason")).isEqualTo("tool_calls");
        // Without tools, or where they are not to be used, a call is text.
        assertThat(calls.post(CHAT, ask("")).at("choices.0.message.content")).isEqualTo(call);
        assertThat(calls.post(CHAT, ask(TOOLS + ", \"tool_choice\": \"none\"")).at("choices.0.message.content"))
                .isEqualTo(call);
    }

    @Test
    void aCallThatCannotBeReadIsText() throws IOException {
        String broken = "{\"tool\": \"calculator\", \"arguments\": }";
        Calls.Answer answer = says(before -> broken + ScriptedChat.END).post(CHAT, ask(TOOLS));
        assertThat(answer.at("choices.0.message.content")).isEqualTo(broken);
        assertThat(answer.at("choices.0.finish_reason")).isEqualTo("stop");
    }

    @Test
    void drawsAreRepeatedByTheSeedAndChoicesDiffer() throws IOException {
        Calls calls = serve(ScriptedChat.noise(4));
        String asked = ask("\"n\": 3, \"seed\": 5, \"max_tokens\": 12, \"top_p\": 0.9, \"return_token_ids\": true");
        Calls.Answer one = calls.post(CHAT, asked);
        Calls.Answer two = calls.post(CHAT, asked);
        assertThat((List<?>) one.at("choices")).hasSize(3);
        assertThat(Json.write(one.at("choices"))).isEqualTo(Json.write(two.at("choices")));
        assertThat(one.at("choices.0.token_ids")).isNotEqualTo(one.at("choices.1.token_ids"));
        Calls.Answer other = calls.post(CHAT, asked.replace("\"seed\": 5", "\"seed\": 6"));
        assertThat(other.at("choices.0.token_ids")).isNotEqualTo(one.at("choices.0.token_ids"));
    }

    @Test
    void logProbabilitiesAndTokenIdsAreThoseOfTheTokens() throws IOException {
        Calls calls = serve(ScriptedChat.noise(2));
        Calls.Answer answer = calls.post(
                CHAT,
                ask("\"temperature\": 0, \"max_tokens\": 4, \"logprobs\": true, \"top_logprobs\": 3,"
                        + " \"return_token_ids\": true"));
        List<?> told = (List<?>) answer.at("choices.0.logprobs.content");
        assertThat(told).hasSize(4);
        for (Object each : told) {
            // Greedily, the token is the best of its alternatives.
            assertThat(Calls.at(each, "logprob")).isEqualTo(Calls.at(each, "top_logprobs.0.logprob"));
            assertThat(number(each, "top_logprobs.0.logprob"))
                    .isGreaterThanOrEqualTo(number(each, "top_logprobs.2.logprob"))
                    .isLessThan(0);
        }
        int[] prompt = chat.renderer().prompt(Conversation.of(Message.user("Well?")));
        assertThat(Json.write(answer.at("prompt_token_ids"))).isEqualTo(Json.write(prompt));
        // The same prompt as ids through plain completions.
        Calls.Answer plain = calls.post(
                TEXT,
                "{\"model\": \"scripted\", \"prompt\": %s, \"temperature\": 0, \"max_tokens\": 4, \"logprobs\": 2, \"return_token_ids\": true}"
                        .formatted(Json.write(prompt)));
        assertThat(plain.at("choices.0.token_ids")).isEqualTo(answer.at("choices.0.token_ids"));
        assertThat(plain.at("choices.0.logprobs.token_logprobs.3")).isEqualTo(Calls.at(told.get(3), "logprob"));
        assertThat(plain.at("choices.0.text")).isEqualTo(answer.at("choices.0.message.content"));
        Calls.Answer many = calls.post(
                TEXT, "{\"model\": \"scripted\", \"prompt\": [\"one\", \"two\"], \"n\": 2, \"max_tokens\": 2}");
        assertThat((List<?>) many.at("choices")).hasSize(4);
        assertThat(many.at("choices.3.index")).isEqualTo(3L);
    }

    private static double number(@Nullable Object json, String path) {
        return Calls.at(json, path) instanceof Number number ? number.doubleValue() : Double.NaN;
    }

    @Test
    void whatCannotBeDoneIsRefusedByName() throws IOException {
        Calls calls = says(before -> "Fine." + ScriptedChat.END);
        Map<String, String> wrong = Map.ofEntries(
                Map.entry("\"temperature\": 3", "temperature"),
                Map.entry("\"temperature\": \"hot\"", "temperature"),
                Map.entry("\"n\": 0", "n"),
                Map.entry("\"n\": 1000000", "n"),
                Map.entry("\"max_tokens\": -1", "max_tokens"),
                Map.entry("\"top_p\": 0", "top_p"),
                Map.entry("\"stop\": \"\"", "stop"),
                Map.entry("\"seed\": 1.5", "seed"),
                Map.entry("\"logit_bias\": {\"5\": 1}", "logit_bias"),
                Map.entry("\"frequency_penalty\": 0.5", "frequency_penalty"),
                Map.entry("\"response_format\": {\"type\": \"json_object\"}", "response_format"),
                Map.entry("\"tool_choice\": \"required\"", "tool_choice"),
                Map.entry("\"tools\": [{\"type\": \"function\"}]", "tools"),
                Map.entry("\"top_logprobs\": 2", "top_logprobs"),
                Map.entry("\"best_of\": 3", "best_of"),
                Map.entry("\"temprature\": 1", "temprature"),
                Map.entry("\"stop_token_ids\": [999999]", "stop_token_ids"));
        for (Map.Entry<String, String> each : wrong.entrySet()) {
            Calls.Answer answer = calls.post(CHAT, ask(each.getKey()));
            assertThat(answer.status()).as(each.getKey()).isEqualTo(400);
            assertThat(answer.at("error.param")).as(answer.toString()).isEqualTo(each.getValue());
            assertThat(answer.at("error.type")).isEqualTo("invalid_request_error");
            assertThat(String.valueOf(answer.at("error.message"))).contains(each.getValue());
        }
        // What says nothing about the answer may be there, and so may what is null or changes nothing.
        String harmless = "\"user\": \"u\", \"metadata\": {}, \"frequency_penalty\": 0, \"presence_penalty\": 0.0,"
                + " \"logit_bias\": {}, \"response_format\": {\"type\": \"text\"}, \"seed\": null, \"audio\": null";
        assertThat(calls.post(CHAT, ask(harmless)).status()).isEqualTo(200);
        Calls.Answer model = calls.post(CHAT, ask("").replace("scripted", "other"));
        assertThat(model.status()).isEqualTo(404);
        assertThat(model.at("error.code")).isEqualTo("model_not_found");
    }

    @Test
    void whatDoesNotFitTheContextIsRefused() throws IOException {
        Calls calls = says(before -> "Fine." + ScriptedChat.END);
        Calls.Answer asked = calls.post(CHAT, ask("\"max_tokens\": 900"));
        assertThat(asked.status()).isEqualTo(400);
        assertThat(asked.at("error.code")).isEqualTo("context_length_exceeded");
        Calls.Answer said = calls.post(CHAT, ask("").replace("Well?", "word ".repeat(2000)));
        assertThat(said.at("error.code")).isEqualTo("context_length_exceeded");
        assertThat(String.valueOf(said.at("error.message"))).contains("maximum context length is 900 tokens");
    }

    @Test
    void modelsAreListedAndDescribed() throws IOException {
        Calls calls = says(before -> "Fine." + ScriptedChat.END);
        Map<String, @Nullable Object> all = Json.object(calls.get("/v1/models").body(), "models");
        assertThat(Calls.at(all, "data.0.id")).isEqualTo("scripted");
        assertThat(calls.get("/v1/models/scripted").statusCode()).isEqualTo(200);
        assertThat(calls.get("/v1/models/%73cripted").statusCode()).isEqualTo(200);
        assertThat(calls.get("/v1/models/other").statusCode()).isEqualTo(404);
        assertThat(calls.raw("GET /v1/models/%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 404");
        assertThat(calls.get("/v1/nothing").statusCode()).isEqualTo(404);
        assertThat(calls.get(CHAT).statusCode()).isEqualTo(405);
        calls.post(CHAT, ask(""));
        assertThat(calls.get("/metrics").body())
                .contains("awl_requests_total{endpoint=\"/v1/chat/completions\",status=\"200\"} 1")
                .contains("# TYPE awl_answer_seconds histogram");
    }

    @Test
    void requestsJoinTheRunningBatchAndTooManyAreSentAway() throws Exception {
        ScriptedChat.Gated model = new ScriptedChat.Gated(chat.model(4, before -> "one two three" + ScriptedChat.END));
        ServerOptions local = ServerOptions.local(0);
        ModelServer server = start(
                () -> model,
                new ServerOptions(local.host(), 0, null, false, 2, null, HttpLimits.standard(), Duration.ofSeconds(5)));
        Calls calls = calls(server);
        CompletableFuture<Calls.Answer> first = later(calls, ask(""));
        calls.await("awl_running", 0); // the first step is held, and counts when it is done
        model.steps.release(1);
        calls.await("awl_running", 1);
        CompletableFuture<Calls.Answer> second = later(calls, ask(""));
        awaitWaiting(calls);
        Calls.Answer third = calls.post(CHAT, ask(""));
        assertThat(third.status()).isEqualTo(429);
        assertThat(third.response().headers().firstValue("Retry-After")).hasValue("1");
        model.steps.release(1000);
        assertThat(first.get().at("choices.0.message.content")).isEqualTo("one two three");
        assertThat(second.get().at("choices.0.message.content")).isEqualTo("one two three");
        assertThat(model.widest).isEqualTo(2);
        assertThat(calls.post(CHAT, ask("")).status()).isEqualTo(200);
    }

    private static void awaitWaiting(Calls calls) throws IOException {
        calls.await("awl_waiting", 1);
    }

    private static CompletableFuture<Calls.Answer> later(Calls calls, String body) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return calls.post(CHAT, body);
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    @Test
    void aClientThatLeavesTakesItsAnswerOutOfTheBatch() throws IOException {
        for (String more : List.of("", "\"stream\": true")) {
            ScriptedChat.Gated model = new ScriptedChat.Gated(chat.model(1, before -> "on and on "));
            Calls calls = serve(model);
            String body = ask(more);
            try (Socket socket = new Socket("127.0.0.1", Integer.parseInt(port(calls)))) {
                socket.getOutputStream()
                        .write(("POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                        + "Content-Length: " + body.length() + "\r\n\r\n" + body)
                                .getBytes(StandardCharsets.UTF_8));
                model.steps.release(3);
                calls.await("awl_running", 1);
            }
            model.steps.release(1000);
            calls.await("awl_running", 0);
            assertThat(calls.metric("awl_dropped_total")).isEqualTo(1);
        }
    }

    private static String port(Calls calls) {
        return String.valueOf(calls.request("/").build().uri().getPort());
    }

    @Test
    void toldToStopItFinishesWhatItHasBegun() throws Exception {
        ScriptedChat.Gated model = new ScriptedChat.Gated(chat.model(2, before -> "to the end" + ScriptedChat.END));
        ModelServer server = start(() -> model, ServerOptions.local(0));
        Calls calls = calls(server);
        CompletableFuture<Calls.Answer> answer = later(calls, ask(""));
        model.steps.release(1);
        calls.await("awl_running", 1);
        CompletableFuture<Boolean> stopped = CompletableFuture.supplyAsync(server::stop);
        long deadline = System.nanoTime() + 10_000_000_000L;
        while (accepts(server.port()) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(stopped).isNotDone();
        model.steps.release(1000);
        assertThat(answer.get().at("choices.0.message.content")).isEqualTo("to the end");
        assertThat(stopped.get()).isTrue();
        assertThatThrownBy(() -> calls.get("/health")).isInstanceOf(IOException.class);
    }

    private static boolean accepts(int port) {
        try (Socket socket = new Socket("127.0.0.1", port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    @Test
    void aModelThatFailsFailsItsAnswersAndNoOthers() throws IOException {
        boolean[] broken = {true};
        ModelServer server = start(
                () -> broken[0] ? failing() : chat.model(2, before -> "Fine." + ScriptedChat.END),
                ServerOptions.local(0));
        Calls calls = calls(server);
        Calls.Answer failed = calls.post(CHAT, ask(""));
        assertThat(failed.status()).isEqualTo(500);
        assertThat(failed.at("error.type")).isEqualTo("server_error");
        broken[0] = false;
        assertThat(calls.post(CHAT, ask("")).at("choices.0.message.content")).isEqualTo("Fine.");
    }

    private SlotModel failing() {
        return chat.model(2, before -> {
            throw new IllegalStateException("as the test wants it");
        });
    }

    @Test
    void oneConnectionServesManyRequests() throws IOException {
        Calls calls = says(before -> "Fine." + ScriptedChat.END);
        String body = ask("");
        String one = "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: " + body.length() + "\r\n\r\n" + body;
        String chunked = "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n" + body.substring(0, 5) + "\r\n"
                + Integer.toHexString(body.length() - 5) + "\r\n" + body.substring(5) + "\r\n0\r\n\r\n";
        String all = calls.raw(one + one + "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + chunked);
        assertThat(all.split("HTTP/1.1 200 OK", -1)).hasSize(5);
        assertThat(all.split("\"content\":\"Fine.\"", -1)).hasSize(4);
        assertThat(calls.send(calls.request("/health").method("HEAD", HttpRequest.BodyPublishers.noBody()))
                        .statusCode())
                .isEqualTo(405);
    }
}
