package awl.track;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The last numbers of a run at `http://127.0.0.1:PORT/metrics` while it trains.
final class PrometheusTracker implements Tracker {

    private record Known(String metric, String help) {}

    private static final Map<String, Known> TRAIN = Map.of(
            "loss", new Known("awl_train_loss", "Weighted loss of the last step, before its update."),
            "learning_rate", new Known("awl_train_learning_rate", "Learning rate of the last update."),
            "gradient_norm", new Known("awl_train_gradient_norm", "Norm of all gradients, before clipping."),
            "tokens_per_second", new Known("awl_train_tokens_per_second", "Tokens of the last step by its time."),
            "seconds", new Known("awl_train_step_seconds", "Time of the last step."),
            "peak_memory", new Known("awl_train_peak_memory_bytes", "Most resident memory of the process so far."),
            "epoch", new Known("awl_train_epoch", "Passes over the data that are done."));

    private final int port;
    private final Map<String, String> run;
    private final Consumer<String> notes;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final Map<String, Double> last = new TreeMap<>();
    private @Nullable HttpServer server;
    private long step;
    private double tokens;
    private double learned;

    /// @param run label of every sample
    PrometheusTracker(int port, String run, Consumer<String> notes) {
        this.port = port;
        this.run = Map.of("run", run);
        this.notes = notes;
    }

    @Override
    public void begin(long done) {
        step = Math.max(0, done);
        InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        try {
            HttpServer open = HttpServer.create(address, 0);
            open.createContext("/", this::answer);
            open.setExecutor(threads);
            open.start();
            server = open;
            notes.accept("metrics at http://127.0.0.1:%d/metrics"
                    .formatted(open.getAddress().getPort()));
        } catch (IOException e) {
            throw new UncheckedIOException("port %d cannot be used: %s".formatted(port, e.getMessage()), e);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            boolean found = exchange.getRequestURI().getPath().equals("/metrics");
            boolean asked = exchange.getRequestMethod().equals("GET");
            byte[] body = (found && asked ? text() : "expected GET /metrics\n").getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", PrometheusText.CONTENT_TYPE);
            exchange.sendResponseHeaders(!found ? 404 : asked ? 200 : 405, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    /// What the endpoint answers.
    synchronized String text() {
        PrometheusText text = new PrometheusText()
                .counter("awl_train_steps_total", "Optimiser steps done, those before a resume too.", run, step)
                .counter("awl_train_tokens_total", "Tokens trained on by this process.", run, tokens)
                .counter("awl_train_learned_tokens_total", "Those of them that were learned.", run, learned);
        last.forEach((name, value) -> {
            String train = name.startsWith(MetricLine.TRAIN) ? name.substring(MetricLine.TRAIN.length()) : "";
            Known known = TRAIN.get(train);
            if (known != null) {
                text.gauge(known.metric, known.help, run, value);
            } else if (name.equals(MetricLine.VALIDATION + "loss")) {
                text.gauge("awl_validation_loss", "Loss on held-out rows, as last measured.", run, value);
            } else if (!train.equals("tokens") && !train.equals("learned_tokens")) {
                Map<String, String> labels = new LinkedHashMap<>(run);
                labels.put("part", name);
                text.gauge("awl_objective_part", "What the objective reports beside the loss.", labels, value);
            }
        });
        return text.toString();
    }

    @Override
    public synchronized void record(long at, Map<String, Double> values) {
        step = Math.max(step, at);
        last.putAll(values);
        tokens += values.getOrDefault(MetricLine.TRAIN + "tokens", 0.0);
        learned += values.getOrDefault(MetricLine.TRAIN + "learned_tokens", 0.0);
    }

    @Override
    public void flush() {}

    @Override
    public void end(End how) {
        HttpServer open = server;
        if (open != null) {
            open.stop(0);
        }
        threads.shutdownNow();
    }
}
