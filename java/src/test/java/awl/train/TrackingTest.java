package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.Json;
import awl.TrackerPython;
import awl.track.MetricLine;
import awl.track.PrometheusText;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whole runs with trackers, read by the real tools where they are installed.
final class TrackingTest {

    @TempDir
    Path temp;

    private Path rows = Path.of("");

    @BeforeEach
    void writeRows() throws IOException {
        rows = GoldenRows.write("llama", temp.resolve("rows.jsonl"));
    }

    private Runs.Ended run(String tracking, boolean resume, String... more) throws IOException {
        return Runs.run(
                temp.resolve("config"),
                """
                model: {path: %s}
                data: {train: %s, validation: %s}
                lora: {rank: 2}
                train: {steps: 5, batch_size: 2}
                checkpoint: {every: 2, keep: 3}
                tracking: %s
                output: %s
                """.formatted(GoldenRows.model("llama"), rows, rows, tracking, temp.resolve("run")),
                resume,
                more);
    }

    @Test
    void tensorBoardReadsARunThatWasKilledAndResumed() throws Exception {
        run("{tensorboard: true}", false);
        Durable.delete(temp.resolve("run/checkpoints/step-5")); // as if killed behind the step, before its checkpoint
        Runs.Ended resumed = run("{tensorboard: true}", true, "train.steps=7");
        assertThat(resumed.said()).contains("resuming behind step 4");

        Map<String, @Nullable Object> seen = TrackerPython.run(
                "tensorboard",
                "track/read_events.py",
                "",
                temp.resolve("run/tensorboard").toString());

        Map<String, @Nullable Object> scalars = Json.asObject(seen.get("scalars"), "scalars");
        List<JsonNode> steps = GoldenRows.metrics(temp.resolve("run"));
        assertThat(steps).hasSize(7);
        assertThat(scalars).containsKeys("train/learning_rate", "train/tokens_per_second", "train/peak_memory");
        for (String key : List.of("loss", "gradient_norm", "learning_rate", "tokens", "seconds")) {
            List<List<Object>> expected = new ArrayList<>();
            for (JsonNode line : steps) {
                expected.add(List.of(line.path("step").asLong(), (double)
                        (float) line.path(key).asDouble()));
            }
            assertThat(scalars.get(MetricLine.TRAIN + key)).as(key).isEqualTo(expected);
        }
        List<List<Object>> held = new ArrayList<>();
        for (String line : Files.readAllLines(temp.resolve("run/validation.jsonl"))) {
            MetricLine measured = MetricLine.of("", Json.object(line, "validation"));
            double loss = java.util.Objects.requireNonNull(measured.values().get("loss"));
            held.add(List.of(measured.step(), (double) (float) loss));
        }
        assertThat(held).hasSizeGreaterThan(3);
        assertThat(scalars.get("validation/loss")).isEqualTo(held);
        Map<String, @Nullable Object> text = Json.asObject(seen.get("text"), "text");
        assertThat(text).containsKeys("config", "environment");
        assertThat(String.valueOf(text.get("config"))).contains("steps: 7");
    }

    @Test
    void prometheusReadsWhatAnEndpointSays() throws Exception {
        String text = new PrometheusText()
                .counter("awl_steps_total", "back\\slash and\nline", Map.of("run", "a\\b \"c\"\nd"), 12)
                .gauge("awl_loss", "loss", Map.of(), 0.25)
                .histogram("awl_t_seconds", "time", Map.of(), new double[] {0.1, 1}, new long[] {3, 2, 1}, 4.5)
                .toString();
        Map<String, @Nullable Object> seen = TrackerPython.run("prometheus_client", "track/read_metrics.py", text);
        Map<String, @Nullable Object> steps = Json.asObject(seen.get("awl_steps"), "steps");
        assertThat(steps.get("type")).isEqualTo("counter");
        assertThat(steps.get("help")).isEqualTo("back\\slash and\nline");
        assertThat(steps.get("samples"))
                .isEqualTo(List.of(List.of("awl_steps_total", Map.of("run", "a\\b \"c\"\nd"), 12L)));
        assertThat(Json.asObject(seen.get("awl_t_seconds"), "t").get("samples"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .contains(List.of("awl_t_seconds_bucket", Map.of("le", "+Inf"), 6L));
    }

    @Test
    void nothingIsTrackedUnlessAskedFor() throws IOException {
        assertThat(run("null", false).exitCode()).isZero();
        assertThat(temp.resolve("run/tensorboard")).doesNotExist();
        assertThat(Files.readString(temp.resolve("run/config.yaml"))).doesNotContain("tracking");
    }

    @Test
    void mistakesNameTheKey() {
        assertThatThrownBy(() -> run("{mlflow: {url: x}}", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("tracking.mlflow.url: unknown key; did you mean tracking.mlflow.uri");
        assertThatThrownBy(() -> run("{mlflow: {uri: \"https://me:secret@host\"}}", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("run.yaml:6: tracking.mlflow.uri: expected http://");
        assertThatThrownBy(() -> run("{prometheus: {port: 70000}}", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("tracking.prometheus.port: expected 0 (any) to 65535");
        assertThatThrownBy(() -> run("{mlflow: {uri_env: AWL_NO_SUCH_VARIABLE}}", false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("AWL_NO_SUCH_VARIABLE, found none");
    }
}
