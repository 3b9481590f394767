package awl.track;

import awl.Json;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// What the client uses of MLflow's REST API 2.0, with the answers and the strictness seen from a real server
/// (3.17): fields that must be there, at most 1,000 metrics and 100 parameters a request, parameters that
/// cannot change.
final class FakeMlflow implements AutoCloseable {

    final Map<String, Run> runs = new LinkedHashMap<>();
    final AtomicInteger failing = new AtomicInteger();
    final List<Integer> batches = new ArrayList<>();

    @Nullable
    String authorization;

    private final Map<String, String> experiments = new LinkedHashMap<>();
    private final HttpServer server;

    static final class Run {
        final Map<String, String> tags = new LinkedHashMap<>();
        final Map<String, String> params = new LinkedHashMap<>();
        final List<Map<String, ?>> metrics = new ArrayList<>();
        final String experiment;
        String status = "RUNNING";

        Run(String experiment) {
            this.experiment = experiment;
        }

        List<Long> steps(String key) {
            return metrics.stream()
                    .filter(metric -> key.equals(metric.get("key")))
                    .map(metric -> ((Number) java.util.Objects.requireNonNull(metric.get("step"))).longValue())
                    .toList();
        }
    }

    FakeMlflow() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/api/2.0/mlflow/", this::answer);
        server.start();
    }

    String uri() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private synchronized void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getPath().substring("/api/2.0/mlflow/".length());
            authorization = exchange.getRequestHeaders().getFirst("Authorization");
            int status = 200;
            Object answer;
            try {
                if (failing.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
                    status = 503;
                    answer = Map.of("error_code", "TEMPORARILY_UNAVAILABLE", "message", "later");
                } else {
                    String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
                    answer = call(path, body.isEmpty() ? query(exchange) : Json.object(body, path));
                }
            } catch (IllegalArgumentException e) {
                status = 400;
                answer = Map.of("error_code", "INVALID_PARAMETER_VALUE", "message", String.valueOf(e.getMessage()));
            } catch (IllegalStateException e) {
                status = 404;
                answer = Map.of("error_code", "RESOURCE_DOES_NOT_EXIST", "message", String.valueOf(e.getMessage()));
            }
            byte[] bytes = Json.write(answer).getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(status, bytes.length);
            exchange.getResponseBody().write(bytes);
        }
    }

    private static Map<String, @Nullable Object> query(HttpExchange exchange) {
        Map<String, @Nullable Object> query = new LinkedHashMap<>();
        for (String pair : exchange.getRequestURI().getQuery().split("&")) {
            query.put(pair.substring(0, pair.indexOf('=')), pair.substring(pair.indexOf('=') + 1));
        }
        return query;
    }

    private Object call(String path, Map<String, @Nullable Object> given) {
        return switch (path) {
            case "experiments/get-by-name" -> {
                String id = experiments.get(text(given, "experiment_name"));
                if (id == null) {
                    throw new IllegalStateException("no experiment");
                }
                yield Map.of("experiment", Map.of("experiment_id", id));
            }
            case "experiments/create" -> {
                experiments.put(text(given, "name"), "7");
                yield Map.of("experiment_id", "7");
            }
            case "runs/search" -> {
                String filter = text(given, "filter");
                String key = filter.replaceAll("^tags\\.`awl.key` = '(.*)'$", "$1");
                List<Object> found = new ArrayList<>();
                runs.forEach((id, run) -> {
                    if (key.equals(run.tags.get("awl.key"))) {
                        found.add(Map.of("info", Map.of("run_id", id)));
                    }
                });
                yield found.isEmpty() ? Map.of() : Map.of("runs", found); // empty lists are left out
            }
            case "runs/create" -> {
                Run run = new Run(text(given, "experiment_id"));
                pairs(given, "tags", run.tags);
                String id = "run" + runs.size();
                runs.put(id, run);
                yield Map.of("run", Map.of("info", Map.of("run_id", id)));
            }
            case "runs/log-batch" -> logBatch(given);
            case "runs/update" -> {
                run(given).status = text(given, "status");
                yield Map.of();
            }
            case "runs/get" -> Map.of("run", Map.of("data", data(run(given))));
            case "metrics/get-history" -> {
                List<Map<String, ?>> found = run(given).metrics.stream()
                        .filter(metric -> text(given, "metric_key").equals(metric.get("key")))
                        .toList();
                yield found.isEmpty() ? Map.of() : Map.of("metrics", found);
            }
            default -> throw new IllegalStateException("no endpoint " + path);
        };
    }

    private Object logBatch(Map<String, @Nullable Object> given) {
        Run run = run(given);
        List<?> metrics = given.get("metrics") instanceof List<?> list ? list : List.of();
        if (metrics.size() > 1000) {
            throw new IllegalArgumentException("more than 1000 metrics");
        }
        batches.add(metrics.size());
        for (Object each : metrics) {
            Map<String, @Nullable Object> metric = Json.asObject(each, "metric");
            text(metric, "key");
            if (!(metric.get("value") instanceof Double)
                    || !(metric.get("timestamp") instanceof Long)
                    || !(metric.get("step") instanceof Long)) {
                throw new IllegalArgumentException("metric " + metric);
            }
            run.metrics.add(metric);
        }
        Map<String, String> params = new LinkedHashMap<>();
        pairs(given, "params", params);
        params.forEach((key, value) -> {
            if (value.length() > 6000 || !run.params.getOrDefault(key, value).equals(value)) {
                throw new IllegalArgumentException("param " + key);
            }
            run.params.put(key, value);
        });
        if (params.size() > 100) {
            throw new IllegalArgumentException("more than 100 params");
        }
        return Map.of();
    }

    private static Object data(Run run) {
        Map<String, Map<String, ?>> latest = new LinkedHashMap<>();
        run.metrics.forEach(metric -> latest.put(String.valueOf(metric.get("key")), metric));
        return latest.isEmpty() ? Map.of() : Map.of("metrics", List.copyOf(latest.values()));
    }

    private Run run(Map<String, @Nullable Object> given) {
        Run run = runs.get(text(given, "run_id"));
        if (run == null) {
            throw new IllegalStateException("no run");
        }
        return run;
    }

    private static String text(Map<String, @Nullable Object> given, String field) {
        if (given.get(field) instanceof String text && !text.isEmpty()) {
            return text;
        }
        throw new IllegalArgumentException("missing " + field);
    }

    private static void pairs(Map<String, @Nullable Object> given, String field, Map<String, String> into) {
        if (given.get(field) instanceof List<?> list) {
            for (Object each : list) {
                Map<String, @Nullable Object> pair = Json.asObject(each, field);
                into.put(text(pair, "key"), String.valueOf(pair.get("value")));
            }
        }
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
