package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.ConfigException;
import awl.DataException;
import awl.data.Origin;
import awl.kernel.KernelSelection;
import awl.kernel.TestedKernels;
import awl.tensor.Safetensors;
import awl.tensor.TensorScope;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The mixed objective through the configuration file, against torch autograd (`mix.*`), by either
/// kernels.
@ParameterizedClass
@ValueSource(strings = {"reference", "native"})
final class MixedObjectiveTest {

    private static final Path MODEL = GoldenRows.model("llama");

    private final KernelSelection.Wanted kernels;

    @TempDir
    Path temp;

    private Path rows = Path.of("");

    MixedObjectiveTest(String kernels) {
        this.kernels = TestedKernels.wanted(kernels);
    }

    @BeforeEach
    void writeRows() throws IOException {
        rows = temp.resolve("rows.jsonl");
        Files.write(rows, goldenRows(-1));
    }

    /// @param without an origin to leave out, or -1
    private static List<String> goldenRows(int without) {
        try (TensorScope scope = TensorScope.open();
                Safetensors mix = Safetensors.open(MODEL.resolve("mix.safetensors"))) {
            int[] origins = GoldenRows.ints(mix.read("origin", ScalarType.Long));
            List<ObjectNode> all = GoldenRows.rows(mix, "mask");
            for (int b = 0; b < origins.length; b++) {
                all.get(b).put("origin", Origin.values()[origins[b]].key());
            }
            return java.util.stream.IntStream.range(0, origins.length)
                    .filter(b -> origins[b] != without)
                    .mapToObj(b -> all.get(b).toString())
                    .toList();
        }
    }

    private JsonNode run(String name, String... overrides) throws IOException {
        String yaml = """
                model: {path: %s, precision: fp32}
                data: {train: %s, validation: %s, shuffle: false}
                objective: {type: mixed}
                train: {steps: 1, batch_size: 14, clip_norm: 0}
                optimizer: {lr: 0}
                schedule: {type: constant}
                output: %s
                """.formatted(MODEL, rows, rows, temp.resolve(name));
        Runs.run(kernels, temp.resolve("config"), yaml, false, Runs.NO_TEXT, overrides);
        return GoldenRows.metrics(temp.resolve(name)).getFirst();
    }

    @ParameterizedTest
    @CsvSource({"false, 14", "false, 2", "true, 1", "true, 3"})
    void everyReductionAndMixtureEqualsTheReference(boolean packing, int micro) throws IOException {
        JsonNode cases =
                GoldenRows.JSON.readTree(MODEL.resolve("mix.json").toFile()).path("cases");
        assertThat(cases).hasSize(12);
        for (JsonNode golden : cases) {
            String name =
                    "%s-%s-%s".formatted(golden.path("reduction").asText(), golden.path("alpha"), golden.path("lam"));
            JsonNode step = run(
                    name,
                    "data.reduction=" + golden.path("reduction").asText(),
                    "objective.alpha=" + golden.path("alpha"),
                    "objective.lambda=" + golden.path("lam"),
                    "data.packing=" + packing,
                    "train.micro_batch_size=" + micro);
            JsonNode held = GoldenRows.JSON.readTree(
                    Files.readAllLines(temp.resolve(name).resolve("validation.jsonl"))
                            .getFirst());
            for (String key : List.of("J_WKD", "J_easy", "J_hard", "J_Mix")) {
                double expected = golden.path(key).asDouble();
                assertThat(step.path(key).asDouble()).as(name + " " + key).isCloseTo(expected, within(2e-6 * expected));
                assertThat(held.path(key).asDouble()).as(name + " " + key).isCloseTo(expected, within(2e-6 * expected));
            }
            assertThat(step.path("loss")).isEqualTo(step.path("J_Mix"));
            double norm = golden.path("gradient_norm").asDouble();
            assertThat(step.path("gradient_norm").asDouble()).as(name).isCloseTo(norm, within(1e-5 * norm));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3, 5, 8})
    void theMeanOverAnEpochIsTheMixtureWhateverTheBatchSize(int batchSize) throws IOException {
        JsonNode golden = GoldenRows.JSON
                .readTree(MODEL.resolve("mix.json").toFile())
                .path("cases")
                .get(5); // example_mean, alpha .3, lambda .8
        run(
                "run",
                "data.reduction=example_mean",
                "objective.alpha=0.3",
                "objective.lambda=0.8",
                "data.shuffle=true",
                "data.packing=true",
                "train.batch_size=" + batchSize,
                "train.steps=" + (13 + batchSize) / batchSize);
        List<JsonNode> steps = GoldenRows.metrics(temp.resolve("run"));
        for (String key : List.of("J_WKD", "J_easy", "J_hard", "J_Mix")) {
            double mean = steps.stream()
                    .mapToDouble(s -> s.path(key).asDouble())
                    .average()
                    .orElseThrow();
            assertThat(mean).as(key).isCloseTo(golden.path(key).asDouble(), within(1e-5));
        }
        for (JsonNode step : steps) {
            double whole = 0.3 * step.path("J_WKD").asDouble()
                    + 0.56 * step.path("J_easy").asDouble()
                    + 0.14 * step.path("J_hard").asDouble();
            assertThat(step.path("loss").asDouble()).isCloseTo(whole, within(1e-5));
        }
    }

    @Test
    void stratifiedDrawsGiveTheMixtureInTheMean() throws IOException {
        run(
                "run",
                "objective.sampling=stratified",
                "objective.alpha=0.3",
                "objective.lambda=0.8",
                "data.reduction=example_mean",
                "data.packing=true",
                "train.batch_size=7",
                "train.steps=60");
        List<JsonNode> steps = GoldenRows.metrics(temp.resolve("run"));
        double mean = steps.stream()
                .mapToDouble(s -> s.path("J_Mix").asDouble())
                .average()
                .orElseThrow();
        double easy = steps.stream()
                .mapToDouble(s -> s.path("J_easy").asDouble())
                .average()
                .orElseThrow();
        assertThat(mean).isCloseTo(5.9015, within(0.02));
        assertThat(easy).isCloseTo(5.8925, within(0.7)); // the number of draws is random
    }

    @Test
    void anEmptyPartGivesItsShareToTheOthersAndSaysSo() throws IOException {
        Files.write(rows, goldenRows(2));
        JsonNode step = run("run", "objective.alpha=0.3", "objective.lambda=0.8", "data.reduction=example_mean");
        assertThat(step.path("J_hard").isNull()).isTrue();
        assertThat(step.path("loss").asDouble())
                .isCloseTo(
                        (0.3 * step.path("J_WKD").asDouble()
                                        + 0.56 * step.path("J_easy").asDouble())
                                / 0.86,
                        within(1e-6));
        assertThatThrownBy(() -> run("none", "objective.alpha=0", "objective.lambda=0"))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("leave nothing to learn");
    }

    @Test
    void saysWhichPartIsEmpty() throws IOException {
        Files.write(rows, goldenRows(2));
        Runs.Ended ended = Runs.run(temp, """
                model: {path: %s}
                data: {train: %s}
                objective: {type: mixed, alpha: 0.3, lambda: 0.8}
                train: {steps: 1}
                output: %s
                """.formatted(MODEL, rows, temp.resolve("said")), false);
        assertThat(ended.said())
                .contains("no row of origin hard has something to learn; its share goes to the others:"
                        + " knowledge counts 0.3488, easy counts 0.6512")
                .contains("(J_WKD ", ", J_easy ")
                .doesNotContain("J_hard 0");
    }

    @Test
    void aRowWithoutOriginAndKeysOfAnotherTypeAreRefused() throws IOException {
        Files.writeString(rows, "{\"ids\": [1, 2], \"weights\": [0, 1]}\n");
        assertThatThrownBy(() -> run("run"))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("rows.jsonl:1: origin: expected one of knowledge, easy, hard");
        assertThatThrownBy(() -> run("run", "objective.beta=0.1"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("objective.beta: belongs to objective.type dpo or ipo, which is mixed here");
        assertThatThrownBy(() -> run("run", "objective.alpha=1.5"))
                .hasMessageContaining("objective.alpha: expected 0 to 1");
    }
}
