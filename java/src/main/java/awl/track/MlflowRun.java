package awl.track;

import awl.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// One run on an MLflow server. The file `mlflow.json` in its folder has a key that is a tag of the run on
/// the server: it is found again by that, however often training was killed and resumed.
final class MlflowRun {

    /// Most metrics of a request, by the API.
    static final int BATCH = 1000;

    private static final int PARAMETERS = 100;
    private static final int LONGEST_PARAMETER = 500;
    private static final String KEY = "awl.key";

    private final MlflowServer server;
    private final String id;

    private MlflowRun(MlflowServer server, String id) {
        this.server = server;
        this.id = id;
    }

    /// A metric as the API has it.
    ///
    /// @param timestamp milliseconds since 1970
    record Point(String key, double value, long timestamp, long step) {

        Map<String, Object> json() {
            Map<String, Object> json = new LinkedHashMap<>();
            json.put("key", key.replaceAll("[^A-Za-z0-9_./ -]", "_"));
            json.put("value", value);
            json.put("timestamp", timestamp);
            json.put("step", step);
            return json;
        }
    }

    /// The run of a folder; made where the server does not have it.
    static MlflowRun open(MlflowServer server, RunFacts facts, long started) throws IOException {
        String experiment = experiment(server);
        String key = key(facts.folder());
        Map<String, @Nullable Object> found = server.post(
                "runs/search",
                Map.of(
                        "experiment_ids",
                        List.of(experiment),
                        "filter",
                        "tags.`%s` = '%s'".formatted(KEY, key),
                        "max_results",
                        1));
        if (found.get("runs") instanceof List<?> runs && !runs.isEmpty()) {
            MlflowRun run = new MlflowRun(server, runId(runs.getFirst()));
            run.update("RUNNING", null);
            return run;
        }
        Map<String, String> tags = new LinkedHashMap<>();
        tags.put(KEY, key);
        tags.put("mlflow.runName", facts.name());
        tags.put("mlflow.source.name", "awl train");
        tags.put("mlflow.source.type", "LOCAL");
        facts.environment().forEach((name, value) -> tags.put("awl." + name, cut(value)));
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("experiment_id", experiment);
        request.put("run_name", facts.name());
        request.put("start_time", started);
        request.put("tags", MlflowServer.pairs(tags));
        MlflowRun run =
                new MlflowRun(server, runId(server.post("runs/create", request).get("run")));
        run.parameters(facts.parameters());
        return run;
    }

    private static String experiment(MlflowServer server) throws IOException {
        try {
            return experimentByName(server);
        } catch (MlflowServer.Refused e) {
            if (!e.is("RESOURCE_DOES_NOT_EXIST")) {
                throw e;
            }
        }
        try {
            return String.valueOf(server.post("experiments/create", Map.of("name", server.experiment()))
                    .get("experiment_id"));
        } catch (MlflowServer.Refused e) {
            if (e.is("RESOURCE_ALREADY_EXISTS")) { // another run was faster
                return experimentByName(server);
            }
            throw e;
        }
    }

    private static String experimentByName(MlflowServer server) throws IOException {
        Map<String, @Nullable Object> answer =
                server.get("experiments/get-by-name", Map.of("experiment_name", server.experiment()));
        return text(answer.get("experiment"), "experiment_id");
    }

    /// Written before the run is made: a process that is killed in between does not make a second one.
    private static String key(Path folder) throws IOException {
        Path file = folder.resolve("mlflow.json");
        if (!Files.exists(file)) {
            Path beside = folder.resolve(".mlflow.json.partial");
            Files.writeString(beside, Json.write(Map.of("key", UUID.randomUUID().toString())) + "\n");
            Files.move(beside, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        }
        Object key = Json.object(Files.readString(file), file.toString()).get("key");
        return UUID.fromString(String.valueOf(key)).toString();
    }

    private static String runId(@Nullable Object run) throws IOException {
        return run instanceof Map<?, ?> map ? text(map.get("info"), "run_id") : text(null, "run_id");
    }

    private static String text(@Nullable Object object, String field) throws IOException {
        if (object instanceof Map<?, ?> map && map.get(field) instanceof String text) {
            return text;
        }
        throw new IOException("no MLflow server: its answer has no " + field);
    }

    private static String cut(String value) {
        return value.length() <= LONGEST_PARAMETER ? value : value.substring(0, LONGEST_PARAMETER - 3) + "...";
    }

    private void parameters(Map<String, String> parameters) throws IOException {
        List<Map<String, String>> pairs = MlflowServer.pairs(parameters).stream()
                .map(pair ->
                        Map.of("key", String.valueOf(pair.get("key")), "value", cut(String.valueOf(pair.get("value")))))
                .toList();
        for (int from = 0; from < pairs.size(); from += PARAMETERS) {
            List<Map<String, String>> part = pairs.subList(from, Math.min(pairs.size(), from + PARAMETERS));
            server.post("runs/log-batch", Map.of("run_id", id, "params", part));
        }
    }

    /// Sends up to [#BATCH] metrics.
    void send(List<Point> points) throws IOException {
        List<Map<String, Object>> metrics = points.stream().map(Point::json).toList();
        server.post("runs/log-batch", Map.of("run_id", id, "metrics", metrics));
    }

    /// The last step the server has of each metric.
    Map<String, Long> lastSteps() throws IOException {
        Map<String, Long> steps = new LinkedHashMap<>();
        Object run = server.get("runs/get", Map.of("run_id", id)).get("run");
        if (run instanceof Map<?, ?> map
                && map.get("data") instanceof Map<?, ?> data
                && data.get("metrics") instanceof List<?> metrics) {
            for (Object metric : metrics) {
                steps.put(text(metric, "key"), step(metric));
            }
        }
        return steps;
    }

    /// All steps the server has of a metric.
    Set<Long> steps(String key) throws IOException {
        Set<Long> steps = new HashSet<>();
        Map<String, String> query =
                new LinkedHashMap<>(Map.of("run_id", id, "metric_key", key, "max_results", "25000"));
        while (true) {
            Map<String, @Nullable Object> page = server.get("metrics/get-history", query);
            if (page.get("metrics") instanceof List<?> metrics) {
                metrics.forEach(metric -> steps.add(step(metric)));
            }
            if (!(page.get("next_page_token") instanceof String token) || token.isEmpty()) {
                return steps;
            }
            query.put("page_token", token);
        }
    }

    /// The API writes 64-bit numbers as text or as numbers.
    private static long step(@Nullable Object metric) {
        Object step = metric instanceof Map<?, ?> map ? map.get("step") : null;
        return step == null ? 0 : Long.parseLong(String.valueOf(step));
    }

    /// @param status `RUNNING`, `FINISHED`, `FAILED` or `KILLED`
    /// @param ended milliseconds since 1970, or null
    void update(String status, @Nullable Long ended) throws IOException {
        Map<String, Object> request = new LinkedHashMap<>();
        request.put("run_id", id);
        request.put("status", status);
        if (ended != null) {
            request.put("end_time", ended);
        }
        server.post("runs/update", request);
    }

    /// All points that the server lacks, from what a run's files have.
    ///
    /// @return how many were sent
    int complete(List<Point> points) throws IOException {
        Map<String, Set<Long>> known = new LinkedHashMap<>();
        List<Point> missing = new ArrayList<>();
        for (Point point : points) {
            String key = String.valueOf(point.json().get("key"));
            Set<Long> steps = known.get(key);
            if (steps == null) {
                steps = steps(key);
                known.put(key, steps);
            }
            if (steps.add(point.step())) {
                missing.add(point);
            }
        }
        for (int from = 0; from < missing.size(); from += BATCH) {
            send(missing.subList(from, Math.min(missing.size(), from + BATCH)));
        }
        return missing.size();
    }
}
