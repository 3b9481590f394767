package awl.serve;

import awl.Json;
import awl.sample.Completion;
import awl.sample.Request;
import awl.serve.http.Exchange;
import awl.token.Tokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/// Answers one request for completions: asks the engine for all its choices, and tells the client of them at
/// once or as they are made. A client that leaves takes its choices out of the batch.
final class Answering {

    private final Engine engine;
    private final ServerMetrics metrics;
    private final ServedModel model;
    private final Wanted wanted;
    private final AnswerForm form;
    private final LinkedBlockingQueue<Choice.Event> events = new LinkedBlockingQueue<>();
    private final List<Choice> choices = new ArrayList<>();
    private final String id;
    private final long created = System.currentTimeMillis() / 1000;
    private volatile boolean gone;

    Answering(Engine engine, ServerMetrics metrics, ServedModel model, Wanted wanted, AnswerForm form) {
        this.engine = engine;
        this.metrics = metrics;
        this.model = model;
        this.wanted = wanted;
        this.form = form;
        ThreadLocalRandom random = ThreadLocalRandom.current();
        this.id = form.idPrefix()
                + HexFormat.of().toHexDigits(random.nextLong())
                + HexFormat.of().toHexDigits(random.nextLong());
    }

    /// @param field the prompts come from, for errors
    void answer(Exchange exchange, Lane lane, List<int[]> prompts, String field) throws IOException {
        long start = System.nanoTime();
        List<Integer> limits = prompts.stream().map(each -> limit(each, field)).toList();
        engine.reserve(prompts.size() * wanted.choices());
        List<Integer> stops = new ArrayList<>(wanted.ignoreEos() ? List.of() : model.stops());
        stops.addAll(wanted.stopIds());
        boolean submitted = false;
        try {
            for (int p = 0; p < prompts.size(); p++) {
                for (int n = 0; n < wanted.choices(); n++) {
                    submit(lane, prompts.get(p), n, limits.get(p), stops);
                }
            }
            submitted = true;
        } finally {
            if (!submitted) {
                engine.release(prompts.size() * wanted.choices() - choices.size());
                cancel();
            }
        }
        prompts.forEach(each -> metrics.prompt(each.length));
        exchange.whenGone(() -> {
            gone = true;
            cancel();
        });
        try {
            if (wanted.stream()) {
                stream(exchange, prompts);
            } else {
                whole(exchange, prompts);
            }
            metrics.answered(System.nanoTime() - start);
        } finally {
            cancel();
        }
    }

    private int limit(int[] prompt, String field) {
        Integer most = wanted.maxTokens();
        int room = model.context() - prompt.length;
        if (prompt.length == 0) {
            throw ApiError.field(field, "expected at least one token, found none");
        }
        if (room < 1 || most != null && most > room) {
            throw new ApiError(
                    400,
                    "this model's maximum context length is %d tokens, but %d were asked for (%d in the prompt, %s in the answer)"
                            .formatted(
                                    model.context(),
                                    prompt.length + (long) (most == null ? 1 : most),
                                    prompt.length,
                                    most == null ? "at least 1" : most.toString()),
                    field,
                    "context_length_exceeded");
        }
        return most == null ? room : most;
    }

    private void submit(Lane lane, int[] prompt, int stream, int limit, List<Integer> stops) {
        Choice choice = new Choice(choices.size(), prompt, wanted.alternatives(), wanted.stream() ? events : null);
        Request request = new Request(stream, prompt, wanted.sampling(), limit, stops, wanted.stop());
        boolean listening = wanted.stream() || wanted.alternatives() >= 0;
        choice.answeredBy(engine.submit(lane, request, listening ? choice : null));
        choices.add(choice);
    }

    private void cancel() {
        choices.forEach(Choice::cancel);
    }

    private void whole(Exchange exchange, List<int[]> prompts) throws IOException {
        List<Object> written = new ArrayList<>();
        List<Completion> all = new ArrayList<>();
        try {
            for (Choice choice : choices) {
                Completion done = choice.join();
                all.add(done);
                written.add(form.choice(choice, done));
            }
        } catch (CancellationException | CompletionException e) {
            throw failed(e);
        }
        Map<String, @Nullable Object> answer = begin(false);
        answer.put("choices", written);
        answer.put("usage", usage(prompts, all));
        form.addTo(answer, prompts);
        exchange.answer(200, "application/json", bytes(answer));
    }

    /// What to tell, or that there is nobody to tell.
    private ApiError failed(Throwable error) throws IOException {
        if (gone) {
            throw new IOException("the client left");
        }
        Throwable cause = error instanceof CompletionException && error.getCause() != null ? error.getCause() : error;
        System.getLogger("awl.serve").log(System.Logger.Level.WARNING, "an answer failed", cause);
        return cause instanceof CancellationException
                ? new ApiError(503, "the answer was given up: the server stops, or its model is gone", null, "stopped")
                : new ApiError(500, "the model failed", null, "model_failed");
    }

    private void stream(Exchange exchange, List<int[]> prompts) throws IOException {
        exchange.beginStream("text/event-stream; charset=utf-8");
        Tokenizer tokenizer = model.text().tokenizer();
        List<Told> told = new ArrayList<>();
        boolean first = true;
        for (Choice choice : choices) {
            told.add(new Told(new StreamedText(tokenizer, wanted.stop())));
            Map<String, @Nullable Object> opening = form.opening(choice);
            if (opening != null) {
                Map<String, @Nullable Object> piece = begin(true);
                piece.put("choices", List.of(opening));
                if (first) {
                    form.addTo(piece, prompts);
                }
                first = false;
                send(exchange, piece);
            }
        }
        List<Completion> all = new ArrayList<>();
        try {
            while (all.size() < choices.size()) {
                Choice.Event event = events.take();
                Choice choice = java.util.Objects.requireNonNull(event.choice());
                if (event.error() != null) {
                    ApiError error = failed(event.error());
                    send(exchange, Map.of("error", ApiError.inner(error.status, error.getMessage(), null, error.code)));
                    break;
                }
                Completion done = event.done();
                if (done != null) {
                    all.add(done);
                    end(exchange, choice, done, told.get(choice.index));
                } else if (event.token() != null) {
                    piece(exchange, choice, event.token(), told.get(choice.index));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
        if (wanted.usage() && all.size() == choices.size()) {
            Map<String, @Nullable Object> last = begin(true);
            last.put("choices", List.of());
            last.put("usage", usage(prompts, all));
            send(exchange, last);
        }
        exchange.stream("data: [DONE]\n\n".getBytes(StandardCharsets.UTF_8));
        exchange.endStream();
    }

    /// How far a choice was told.
    private static final class Told {
        final StreamedText text;
        List<Choice.Token> tokens = new ArrayList<>();

        Told(StreamedText text) {
            this.text = text;
        }

        List<Choice.Token> take() {
            List<Choice.Token> taken = tokens;
            tokens = new ArrayList<>();
            return taken;
        }
    }

    private void piece(Exchange exchange, Choice choice, Choice.Token token, Told told) throws IOException {
        told.tokens.add(token);
        boolean end = model.stops().contains(token.id()) && !wanted.ignoreEos()
                || wanted.stopIds().contains(token.id());
        if (end || !form.tellsText()) {
            return;
        }
        String text = told.text.add(token.id());
        if (!text.isEmpty()) {
            send(exchange, choices(form.piece(choice, text, told.take())));
        }
    }

    private void end(Exchange exchange, Choice choice, Completion done, Told told) throws IOException {
        String rest = told.text.rest(java.util.Objects.requireNonNullElse(done.text(), ""));
        for (Map<String, @Nullable Object> piece : form.closing(choice, done, rest, told.take())) {
            send(exchange, choices(piece));
        }
    }

    private Map<String, @Nullable Object> choices(Map<String, @Nullable Object> piece) {
        Map<String, @Nullable Object> json = begin(true);
        json.put("choices", List.of(piece));
        return json;
    }

    private void send(Exchange exchange, Map<String, @Nullable Object> json) throws IOException {
        exchange.stream(("data: " + Json.write(json) + "\n\n").getBytes(StandardCharsets.UTF_8));
    }

    private Map<String, @Nullable Object> begin(boolean piece) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("id", id);
        json.put("object", form.object(piece));
        json.put("created", created);
        json.put("model", wanted.model());
        return json;
    }

    private Map<String, Object> usage(List<int[]> prompts, List<Completion> all) {
        int prompt = prompts.stream().mapToInt(each -> each.length).sum();
        int made = all.stream().mapToInt(each -> each.ids().length).sum();
        int reused = all.stream().mapToInt(Completion::reusedTokens).max().orElse(0);
        Map<String, Object> usage = new LinkedHashMap<>();
        usage.put("prompt_tokens", prompt);
        usage.put("completion_tokens", made);
        usage.put("total_tokens", prompt + made);
        usage.put("prompt_tokens_details", Map.of("cached_tokens", reused));
        return usage;
    }

    private static byte[] bytes(Map<String, @Nullable Object> json) {
        return Json.write(json).getBytes(StandardCharsets.UTF_8);
    }
}
