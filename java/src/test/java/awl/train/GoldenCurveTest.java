package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.kernel.KernelSelection;
import awl.kernel.TestedKernels;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Twenty steps of every family, all parameters and adapters alone, against curves of transformers and peft:
/// loss and gradient norm of each step, through the configuration file and the run folder, by either
/// kernels.
@ParameterizedClass
@ValueSource(strings = {"reference", "native"})
final class GoldenCurveTest {

    private static final String YAML = """
            model: {path: %s, precision: fp32%s}
            data: {train: %s, shuffle: false, packing: %s, max_length: 40}
            train: {steps: 20, batch_size: 4, micro_batch_size: %d, clip_norm: 1.0, recompute: %s}
            optimizer: {lr: 3.0e-3, betas: [0.9, 0.95], eps: 1.0e-8, weight_decay: %s}
            schedule: {type: cosine, warmup_steps: 4}
            output: %s
            """;

    private final KernelSelection.Wanted kernels;

    @TempDir
    Path temp;

    GoldenCurveTest(String kernels) {
        this.kernels = TestedKernels.wanted(kernels);
    }

    @ParameterizedTest
    @CsvSource({
        "llama, false, 4, false",
        "llama, false, 1, true",
        "llama, true, 1, false",
        "llama_tied, false, 4, false",
        "qwen2, false, 4, false",
        "qwen3, true, 2, false",
        "mistral, false, 4, false",
        "mistral, true, 1, true",
        "gemma2, false, 4, false",
        "phi3, false, 3, false"
    })
    void allParameters(String family, boolean packing, int micro, boolean recompute) throws IOException {
        Path run = temp.resolve("run");
        Path rows = GoldenRows.write(family, temp.resolve("rows.jsonl"));
        Path model = GoldenRows.model(family);
        run(YAML.formatted(model, "", rows, packing, micro, recompute, "0.1", run));
        assertCurve(run, model.resolve("cases.json"));
        assertThat(run.resolve("model/config.json")).exists();
    }

    @ParameterizedTest
    @CsvSource({"llama, false, 4", "llama, true, 1", "qwen2, false, 4", "qwen2, false, 1"})
    void anAdapterAlone(String family, boolean packing, int micro) throws IOException {
        Path run = temp.resolve("run");
        Path rows = GoldenRows.write(family, temp.resolve("rows.jsonl"));
        Path model = GoldenRows.model(family);
        String adapter = ", adapter: " + model.resolve("lora");
        run(YAML.formatted(model, adapter, rows, packing, micro, false, "0.0", run));
        assertCurve(run, model.resolve("lora/cases.json"));
        assertThat(run.resolve("adapter/adapter_model.safetensors")).exists();
    }

    private void run(String yaml) throws IOException {
        Runs.run(kernels, temp, yaml, false, Runs.NO_TEXT);
    }

    private static void assertCurve(Path run, Path reference) throws IOException {
        JsonNode curve = GoldenRows.JSON.readTree(Files.readAllBytes(reference)).path("curve");
        List<JsonNode> metrics = GoldenRows.metrics(run);
        assertThat(metrics).hasSize(curve.size()).hasSize(20);
        for (int s = 0; s < 20; s++) {
            double tolerance = s < 10 ? 1e-4 : 1e-3;
            assertClose(metrics.get(s), "loss", curve.get(s), "loss", tolerance);
            assertClose(metrics.get(s), "gradient_norm", curve.get(s), "grad_norm", tolerance);
            assertThat(metrics.get(s).path("learning_rate").asDouble())
                    .isCloseTo(curve.get(s).path("lr").asDouble(), within(1e-12));
        }
    }

    private static void assertClose(JsonNode ours, String name, JsonNode theirs, String their, double tolerance) {
        double expected = theirs.path(their).asDouble();
        assertThat(ours.path(name).asDouble())
                .as("%s of step %s", name, ours.path("step"))
                .isCloseTo(expected, within(tolerance * expected));
    }
}
