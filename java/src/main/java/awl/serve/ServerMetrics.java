package awl.serve;

import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.LongAdder;

/// What a server has done, in Prometheus's text format (version 0.0.4).
final class ServerMetrics {

    private final Map<String, LongAdder> requests = new ConcurrentSkipListMap<>();
    private final LongAdder promptTokens = new LongAdder();
    private final LongAdder generatedTokens = new LongAdder();
    private final LongAdder dropped = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder answers = new LongAdder();
    private final LongAdder answerNanos = new LongAdder();

    /// @param endpoint one of the paths served, never what a client made up
    void request(String endpoint, int status) {
        requests.computeIfAbsent("endpoint=\"%s\",status=\"%d\"".formatted(endpoint, status), key -> new LongAdder())
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
        answers.increment();
        answerNanos.add(nanos);
    }

    /// How long an answer took on average, at least 1 and at most 60.
    int secondsPerRequest() {
        long count = answers.sum();
        return count == 0 ? 1 : (int) Math.clamp(answerNanos.sum() / count / 1_000_000_000L + 1, 1, 60);
    }

    String text(int running, int unanswered, int connections) {
        StringBuilder text = new StringBuilder();
        head(text, "awl_requests_total", "counter", "Requests answered, by endpoint and status.");
        requests.forEach((labels, count) -> line(text, "awl_requests_total{" + labels + "}", count.sum()));
        counter(text, "awl_prompt_tokens_total", "Tokens of prompts.", promptTokens);
        counter(text, "awl_generated_tokens_total", "Tokens of answers.", generatedTokens);
        counter(text, "awl_dropped_total", "Answers cancelled or failed.", dropped);
        counter(text, "awl_refused_total", "Requests refused because too many waited.", refused);
        head(text, "awl_answer_seconds", "summary", "From a request read to its answer.");
        line(text, "awl_answer_seconds_count", answers.sum());
        text.append("awl_answer_seconds_sum ")
                .append(String.format(Locale.ROOT, "%.6f", answerNanos.sum() / 1e9))
                .append('\n');
        gauge(text, "awl_running", "Answers being generated.", running);
        gauge(text, "awl_waiting", "Answers that wait for a slot.", Math.max(0, unanswered - running));
        gauge(text, "awl_connections", "Connections open.", connections);
        return text.toString();
    }

    private static void head(StringBuilder text, String name, String type, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private static void counter(StringBuilder text, String name, String help, LongAdder value) {
        head(text, name, "counter", help);
        line(text, name, value.sum());
    }

    private static void gauge(StringBuilder text, String name, String help, long value) {
        head(text, name, "gauge", help);
        line(text, name, value);
    }

    private static void line(StringBuilder text, String name, long value) {
        text.append(name).append(' ').append(value).append('\n');
    }
}
