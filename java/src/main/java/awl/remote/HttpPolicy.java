package awl.remote;

import awl.ConfigException;
import awl.DataException;
import awl.Json;
import awl.PeerException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.Policy;
import awl.chat.ToolMode;
import awl.remote.Endpoints.Endpoint;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Door 2 over the network: asks OpenAI-compatible endpoints, on a virtual thread a request.
///
/// What an endpoint does wrong costs time and nothing else: resets, time-outs, status 5xx, answers that are
/// none are asked again, at another endpoint where there is one; 429 is waited out. What *we* do wrong (a
/// key, a model's name, a field) ends the run at once. Every answer is kept before it is handed on, so a run
/// that was killed asks only for what it has not got. The key is in the header `Authorization` and nowhere
/// else: what servers say is told without it.
public final class HttpPolicy implements Policy, AutoCloseable {

    private static final int LARGEST_ANSWER = 64 << 20;
    private static final int LONGEST_NOTE = 400;

    /// So long a request waits for servers that say they are busy.
    private static final Duration PATIENCE = Duration.ofMinutes(15);

    private final RemoteSettings settings;
    private final String model;
    private final RemoteAnswers kept;
    private final Consumer<String> notes;
    private final HttpClient client;
    private final Endpoints endpoints;
    private final Semaphore permits;
    private final Set<String> said = ConcurrentHashMap.newKeySet();
    private final Set<Thread> threads = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable String> unlisted = new AtomicReference<>();
    private volatile boolean plainFields;
    private volatile boolean closed;

    /// @param model name under which the endpoints serve it
    /// @param kept answers of earlier starts
    /// @param notes told once of each kind of thing a person should know
    public HttpPolicy(RemoteSettings settings, String model, RemoteAnswers kept, Consumer<String> notes) {
        this.settings = settings;
        this.model = model;
        this.kept = kept;
        this.notes = notes;
        this.client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .followRedirects(HttpClient.Redirect.NEVER) // a redirect would carry the key elsewhere
                .connectTimeout(shorter(settings.timeout(), Duration.ofSeconds(10)))
                .build();
        this.endpoints = new Endpoints(settings.endpoints(), settings.pause());
        this.permits = new Semaphore(settings.concurrency());
        for (URI each : settings.endpoints()) {
            boolean near =
                    Set.of("localhost", "127.0.0.1", "[::1]").contains(Objects.requireNonNullElse(each.getHost(), ""));
            if (settings.key() != null && "http".equals(each.getScheme()) && !near) {
                once("the key goes to " + each + " unencrypted: anyone between can read it; https would hide it");
            }
        }
    }

    /// Name under which the endpoints serve the model.
    public String model() {
        return model;
    }

    /// Tells something once.
    public void once(String note) {
        if (said.add(note)) {
            notes.accept(note);
        }
    }

    /// What is at a path of an endpoint, asked for once.
    HttpResponse<byte[]> get(Endpoint endpoint, String path, Duration limit) throws IOException, InterruptedException {
        return send(HttpRequest.newBuilder(URI.create(endpoint.root + path)).GET(), shorter(settings.timeout(), limit));
    }

    private static Duration shorter(Duration first, Duration second) {
        return first.compareTo(second) < 0 ? first : second;
    }

    /// Asks for answers.
    ///
    /// @return completed exceptionally by [PeerException] where the endpoints fail for good, [ConfigException]
    ///     where they refuse us, [RemoteContextException] where the conversation is too long
    public CompletableFuture<RemoteAnswer> ask(RemoteRequest request) {
        CompletableFuture<RemoteAnswer> answer = new CompletableFuture<>();
        Thread thread = Thread.ofVirtual().name("awl-remote").unstarted(() -> {
            try {
                permits.acquire();
                try {
                    answer.complete(answer(request));
                } finally {
                    permits.release();
                }
            } catch (InterruptedException e) {
                answer.completeExceptionally(new CancellationException("the policy was closed"));
            } catch (RuntimeException | Error e) {
                answer.completeExceptionally(e);
            } finally {
                threads.remove(Thread.currentThread());
            }
        });
        threads.add(thread);
        thread.start();
        if (closed) {
            thread.interrupt();
        }
        return answer;
    }

    private RemoteAnswer answer(RemoteRequest request) throws InterruptedException {
        String hash = request.hash();
        Map<String, @Nullable Object> before = kept.find(hash);
        if (before != null) {
            return RemoteAnswer.read(request, before);
        }
        String wanted = unlisted.getAndSet(null);
        if (wanted != null) {
            new ServedModels(this, endpoints.all()).tellIfUnlisted(wanted);
        }
        int failures = 0;
        int refusals = 0;
        long start = System.nanoTime();
        while (true) {
            Endpoint endpoint = endpoints.take();
            String failure;
            try {
                boolean plain = plainFields;
                boolean free = endpoint.holdsCalls && request.wantsOwnCalls();
                RemoteRequest fitting = (plain ? request.withoutExtras() : request).at(endpoint.model, free);
                HttpResponse<byte[]> response = send(endpoint, request.path(), fitting.body());
                int status = response.statusCode();
                if (status == 200 && !free && request.wantsOwnCalls() && holdsCalls(response)) {
                    endpoint.holdsCalls = true;
                    endpoints.answered(endpoint);
                    once(endpoint + ": llama.cpp's server holds calls to the tools' schemas by a grammar: it is told"
                            + " tool_choice none, so that the model's own calls come, in its text");
                    continue;
                }
                if (status == 200) {
                    Map<String, @Nullable Object> json = RemoteAnswer.kept(json(response));
                    RemoteAnswer answer = RemoteAnswer.read(request, json);
                    endpoints.answered(endpoint);
                    kept.keep(hash, json);
                    return answer;
                }
                if (status == 429 || status == 503 && retryAfter(response) != null) {
                    endpoints.busy(endpoint, retryAfter(response), ++refusals);
                    if (System.nanoTime() - start > PATIENCE.toNanos()) {
                        throw new PeerException(endpoint + ": has been too busy to answer for " + PATIENCE.toMinutes()
                                + " minutes (status " + status + ")");
                    }
                    continue;
                }
                if ((status < 500 || status == 501) && status != 408 && status != 425) {
                    endpoints.answered(endpoint);
                    if ((status == 400 || status == 422)
                            && !plain
                            && RemoteError.of(response.body()).namesExtras()) {
                        plainFields = true;
                        once("%s does not take all of %s: they are left out, and what it does by default holds (%s)"
                                .formatted(endpoint, RemoteRequest.EXTRAS, told(response)));
                        continue;
                    }
                    throw refused(endpoint, request, response);
                }
                failure = "status " + status + ": " + told(response);
            } catch (DataException e) {
                failure = "its answer is none: " + e.getMessage();
            } catch (IOException e) {
                failure =
                        Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
            }
            endpoints.failed(endpoint);
            if (++failures > settings.retries()) {
                throw new PeerException("%s: %s (given up after %d tries; the same command goes on where it stopped)"
                        .formatted(endpoint, hidden(failure), failures));
            }
            if (settings.endpoints().size() == 1) {
                Thread.sleep(endpoints.backoff(failures));
            }
        }
    }

    /// Required arguments first, no others than the schema's: tokens that the model might not have written.
    private static boolean holdsCalls(HttpResponse<byte[]> response) {
        return response.headers().firstValue("Server").orElse("").startsWith("llama.cpp");
    }

    private HttpResponse<byte[]> send(Endpoint endpoint, String path, Map<String, @Nullable Object> body)
            throws IOException, InterruptedException {
        return send(
                HttpRequest.newBuilder(URI.create(endpoint.root + path))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString(Json.write(body))),
                settings.timeout());
    }

    private HttpResponse<byte[]> send(HttpRequest.Builder request, Duration limit)
            throws IOException, InterruptedException {
        request.timeout(limit);
        if (settings.key() != null) {
            request.header("Authorization", "Bearer " + settings.key());
        }
        CompletableFuture<HttpResponse<byte[]>> response = client.sendAsync(
                request.build(),
                HttpResponse.BodyHandlers.limiting(HttpResponse.BodyHandlers.ofByteArray(), LARGEST_ANSWER));
        try {
            // The request's own limit ends with the header; this one holds for the body too.
            return response.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("no answer within " + limit.toSeconds() + " seconds", e);
        } catch (ExecutionException e) {
            Throwable cause = e.getCause();
            throw cause instanceof IOException io ? io : new IOException(String.valueOf(cause), cause);
        } finally {
            response.cancel(true);
        }
    }

    static Map<String, @Nullable Object> json(HttpResponse<byte[]> response) {
        return Json.object(new String(response.body(), StandardCharsets.UTF_8), "answer");
    }

    /// Seconds, as all these servers give it.
    private static @Nullable Duration retryAfter(HttpResponse<byte[]> response) {
        String text = response.headers().firstValue("Retry-After").orElse("");
        return text.matches("\\d{1,4}(\\.\\d{1,3})?")
                ? Duration.ofMillis(Math.round(1000 * Double.parseDouble(text)))
                : null;
    }

    private RuntimeException refused(Endpoint endpoint, RemoteRequest request, HttpResponse<byte[]> response) {
        RemoteError error = RemoteError.of(response.body());
        String told = hidden(error.told());
        return switch (response.statusCode()) {
            case 401, 403 ->
                new ConfigException(endpoint + ": refuses us (" + told + "); is policy.key_env the right variable?");
            case 404 ->
                new ConfigException(endpoint + ": does not have " + request.path() + " for the model "
                        + request.body().get("model") + " (" + told + "); see policy.model");
            default ->
                error.tooLong()
                        ? new RemoteContextException(told)
                        : new PeerException(endpoint + ": status " + response.statusCode() + ": " + told);
        };
    }

    /// What a server says that has no answer, without our key.
    String told(HttpResponse<byte[]> response) {
        return hidden(RemoteError.of(response.body()).told());
    }

    /// Servers repeat keys they do not know. Cut off only behind that, so that no part of a key is left.
    String hidden(String text) {
        String told = settings.key() == null ? text : text.replace(settings.key(), "***");
        return told.length() > LONGEST_NOTE ? told.substring(0, LONGEST_NOTE) + "..." : told;
    }

    /// Before anything is asked for, tells which endpoints list models and not this one.
    public void tellIfUnlisted(String wanted) {
        unlisted.set(wanted);
    }

    /// What the endpoints serve over their model.
    public RemoteAdapters adapters() {
        return new RemoteAdapters(this, endpoints.all());
    }

    /// Asks for something that is no answer of a model until it is said how that went.
    HttpResponse<byte[]> patiently(Endpoint endpoint, String path, Map<String, @Nullable Object> body) {
        for (int failures = 1; ; failures++) {
            String failure;
            try {
                HttpResponse<byte[]> response = send(endpoint, path, body);
                if (response.statusCode() < 500 && response.statusCode() != 429) {
                    return response;
                }
                failure = "status " + response.statusCode() + ": " + told(response);
            } catch (IOException e) {
                failure =
                        Objects.requireNonNullElse(e.getMessage(), e.getClass().getSimpleName());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PeerException("interrupted", e);
            }
            if (failures > settings.retries()) {
                throw new PeerException(
                        "%s%s: %s (given up after %d tries)".formatted(endpoint, path, hidden(failure), failures));
            }
            try {
                Thread.sleep(endpoints.backoff(failures));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new PeerException("interrupted", e);
            }
        }
    }

    /// The next turn, greedily.
    @Override
    public Message.Assistant reply(Conversation conversation, ToolMode mode) {
        Map<String, @Nullable Object> body = new LinkedHashMap<>();
        body.put("model", model);
        body.put("messages", messages(conversation));
        if (!conversation.tools().isEmpty() && mode != ToolMode.NONE) {
            body.put("tools", conversation.toolsJson());
        }
        body.put("temperature", 0.0);
        try {
            RemoteAnswer.Choice choice =
                    ask(new RemoteRequest(true, body)).join().choices().getFirst();
            return Message.assistant(choice.text(), choice.calls());
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    /// Messages as OpenAI's interface has them: the arguments of calls as a string that holds JSON.
    public static List<Object> messages(Conversation conversation) {
        List<Object> messages = new ArrayList<>();
        for (Map<String, ? extends @Nullable Object> each : conversation.messagesJson()) {
            Map<String, @Nullable Object> message = new LinkedHashMap<>(each);
            if (message.get("tool_calls") instanceof List<?> calls) {
                List<Object> written = new ArrayList<>();
                for (Object call : calls) {
                    Map<String, @Nullable Object> copy = new LinkedHashMap<>(Json.asObject(call, "tool_calls"));
                    Map<String, @Nullable Object> function =
                            new LinkedHashMap<>(Json.asObject(copy.get("function"), "tool_calls.function"));
                    if (!(function.get("arguments") instanceof String)) {
                        function.put("arguments", Json.write(function.get("arguments")));
                    }
                    copy.put("function", function);
                    written.add(copy);
                }
                message.put("tool_calls", written);
            }
            messages.add(message);
        }
        return messages;
    }

    /// Gives up what is under way.
    @Override
    public void close() {
        closed = true;
        threads.forEach(Thread::interrupt);
        client.shutdownNow();
        client.close();
    }
}
