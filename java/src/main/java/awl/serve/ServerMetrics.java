package awl.serve;

import awl.track.PrometheusText;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/// What a server has done, for Prometheus.
final class ServerMetrics {

    private static final double[] SECONDS = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300};

    private final Map<Answered, LongAdder> requests = new ConcurrentHashMap<>();
    private final LongAdder promptTokens = new LongAdder();
    private final LongAdder generatedTokens = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder[] answers =
            Stream.generate(LongAdder::new).limit(SECONDS.length + 1L).toArray(LongAdder[]::new);
    private final LongAdder answerNanos = new LongAdder();

    private record Answered(String endpoint, int status) {}

    /// @param endpoint one of the paths served, never what a client made up
    void request(String endpoint, int status) {
        requests.computeIfAbsent(new Answered(endpoint, status), key -> new LongAdder())
                .increment();
    }

    void prompt(int tokens) {
        promptTokens.add(tokens);
    }

    void generated(int tokens) {
        generatedTokens.add(tokens);
    }

    void dropped() {
        dropped.increment();
    }

    void refused() {
        refused.increment();
    }

    void answered(long nanos) {
        int bucket = 0;
        while (bucket < SECONDS.length && nanos > SECONDS[bucket] * 1e9) {
            bucket++;
        }
        answers[bucket].increment();
        answerNanos.add(nanos);
    }

    /// How long an answer took on average, at least 1 and at most 60.
    int secondsPerRequest() {
        long count = Stream.of(answers).mapToLong(LongAdder::sum).sum();
        return count == 0 ? 1 : (int) Math.clamp(answerNanos.sum() / count / 1_000_000_000L + 1, 1, 60);
    }

    String text(int running, int unanswered, int connections) {
        PrometheusText text = new PrometheusText();
        requests.forEach((answered, count) -> {
            Map<String, String> labels = new LinkedHashMap<>();
            labels.put("endpoint", answered.endpoint);
            labels.put("status", Integer.toString(answered.status));
            text.counter("awl_requests_total", "Requests answered, by endpoint and status.", labels, count.sum());
        });
        return text.counter("awl_prompt_tokens_total", "Tokens of prompts.", Map.of(), promptTokens.sum())
                .counter("awl_generated_tokens_total", "Tokens of answers.", Map.of(), generatedTokens.sum())
                .counter("awl_dropped_total", "Answers cancelled or failed.", Map.of(), dropped.sum())
                .counter("awl_refused_total", "Requests refused because too many waited.", Map.of(), refused.sum())
                .histogram(
                        "awl_answer_seconds",
                        "From a request read to its answer.",
                        Map.of(),
                        SECONDS,
                        Stream.of(answers).mapToLong(LongAdder::sum).toArray(),
                        answerNanos.sum() / 1e9)
                .gauge("awl_running", "Answers being generated.", Map.of(), running)
                .gauge("awl_waiting", "Answers that wait for a slot.", Map.of(), Math.max(0, unanswered - running))
                .gauge("awl_connections", "Connections open.", Map.of(), connections)
                .toString();
    }
}
