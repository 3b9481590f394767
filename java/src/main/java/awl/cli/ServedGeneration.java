package awl.cli;

import awl.Json;
import awl.PeerException;
import awl.model.Decoder;
import awl.sample.CachePlan;
import awl.sample.Completion;
import awl.sample.DecoderSlots;
import awl.sample.Request;
import awl.serve.ModelServer;
import awl.serve.ServedModel;
import awl.serve.ServerOptions;
import awl.token.CheckpointText;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// The repetitions of `awl bench-generate` through a server in the same process, on the same weights: what a server and
/// its clients cost. Repetitions of both kinds alternate and are never at work at the same time, so that what else the
/// machine does falls on both.
final class ServedGeneration implements AutoCloseable {

    private final CheckpointText text;
    private final ModelServer server;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    ServedGeneration(Path model, Decoder decoder, int slots, int longest) {
        CachePlan plan = new CachePlan(slots, longest);
        text = ModelText.open(model);
        ServedModel served = new ServedModel(
                "m",
                text,
                null,
                () -> new DecoderSlots(decoder, plan),
                decoder.config().eosIds(),
                decoder.config().vocabSize(),
                longest,
                512,
                folder -> {
                    throw new awl.ConfigException("no adapters here");
                });
        server = ModelServer.start(served, ServerOptions.local(0));
    }

    /// Asks for all at once, each by a client of its own.
    ///
    /// @param repetition the server keeps what it has read of a prompt, so each one but the first has other first
    ///     tokens
    /// @param expected what the first repetition must give
    double seconds(List<Request> requests, int repetition, List<Completion> expected) {
        List<HttpRequest> asked = new ArrayList<>();
        for (Request request : requests) {
            int[] prompt = request.prompt().clone();
            prompt[0] = prompt[0] < 1000 ? prompt[0] + repetition : prompt[0] - repetition;
            Map<String, @Nullable Object> body = new LinkedHashMap<>();
            body.put("model", "m");
            body.put("prompt", prompt);
            body.put("max_tokens", request.maxNewTokens());
            body.put("temperature", 0);
            body.put("ignore_eos", true);
            body.put("return_token_ids", true);
            asked.add(HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + "/v1/completions"))
                    .header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString(Json.write(body)))
                    .build());
        }
        long start = System.nanoTime();
        List<CompletableFuture<String>> answers = asked.stream()
                .map(each -> client.sendAsync(each, HttpResponse.BodyHandlers.ofString())
                        .thenApply(HttpResponse::body))
                .toList();
        List<String> bodies = answers.stream().map(CompletableFuture::join).toList();
        double seconds = (System.nanoTime() - start) * 1e-9;
        for (int n = 0; n < bodies.size(); n++) {
            String ids = Json.write(Json.asObject(
                            ((List<?>) java.util.Objects.requireNonNull(
                                            Json.object(bodies.get(n), "answer").get("choices")))
                                    .getFirst(),
                            "choices")
                    .get("token_ids"));
            if (repetition == 0 && !ids.equals(Json.write(expected.get(n).ids()))) {
                throw new PeerException("row " + n + ": the server makes other tokens than the process");
            }
        }
        return seconds;
    }

    @Override
    public void close() {
        client.close();
        server.close();
        text.close();
    }
}
