package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.DivergedException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Whole runs of a tiny checkpoint through the configuration file.
final class TrainingRunTest {

    private static final String FULL = "train: {seed: 7}\n";
    private static final String LORA = "lora: {rank: 4, targets: all-linear, dropout: 0.3}\n";
    private static final String BF16 = "lora: null\n";

    @TempDir
    Path temp;

    private Path rows = Path.of("");

    @BeforeEach
    void writeRows() throws IOException {
        rows = GoldenRows.write("llama", temp.resolve("rows.jsonl"));
    }

    private String yaml(String name, String extra) {
        return """
                model: {path: %s}
                data: {train: %s, validation: %s}
                schedule: {type: linear, warmup_steps: 3}
                checkpoint: {every: 4, keep: 2}
                output: %s
                %s
                """.formatted(GoldenRows.model("llama"), rows, rows, temp.resolve(name), extra);
    }

    private static final String[] NUMBERS = {
        "train.steps=20", "train.batch_size=2", "optimizer.lr=1e-3", "data.packing=true"
    };

    private Runs.Ended run(String name, String extra, boolean resume, String... more) throws IOException {
        return Runs.run(temp.resolve("config"), yaml(name, extra), resume, join(NUMBERS, more));
    }

    private static String[] join(String[] first, String[] second) {
        return java.util.stream.Stream.concat(java.util.Arrays.stream(first), java.util.Arrays.stream(second))
                .toArray(String[]::new);
    }

    @ParameterizedTest
    @ValueSource(strings = {FULL, LORA, BF16})
    void stoppedAtTenAndResumedIsTwentyStraight(String kind) throws IOException {
        String[] more = kind.equals(BF16)
                ? new String[] {"model.precision=bf16", "schedule.type=constant"}
                : new String[] {"schedule.type=constant"};
        run("straight", kind, false, more);
        Runs.Ended half = run("halved", kind, false, join(more, new String[] {"train.steps=10"}));
        assertThat(half.exitCode()).isZero();
        Runs.Ended rest = run("halved", kind, true, more);
        assertThat(rest.said()).contains("resuming behind step 10", "train.steps is 20");

        assertThat(tensors("halved")).hasSameBinaryContentAs(tensors("straight"));
        assertThat(losses("halved")).hasSize(20).isEqualTo(losses("straight"));
        String output = kind.equals(LORA) ? "adapter/adapter_model.safetensors" : "model/model.safetensors";
        assertThat(temp.resolve("halved").resolve(output))
                .hasSameBinaryContentAs(temp.resolve("straight").resolve(output));
        List<JsonNode> lines = GoldenRows.metrics(temp.resolve("straight"));
        assertThat(lines.getLast().path("validation_loss").asDouble())
                .isPositive()
                .isLessThan(lines.get(3).path("validation_loss").asDouble());
    }

    private Path tensors(String name) {
        return temp.resolve(name).resolve("checkpoints/step-20/tensors.safetensors");
    }

    /// Nothing of a damaged checkpoint is left in a run that must start anew.
    @ParameterizedTest
    @ValueSource(strings = {FULL, LORA})
    void whereEveryCheckpointIsDamagedTheRunStartsFromTheBeginning(String kind) throws IOException {
        run("straight", kind, false, "schedule.type=constant");
        run("damaged", kind, false, "schedule.type=constant", "train.steps=8");
        for (int step : new int[] {4, 8}) {
            Runs.flip(temp.resolve("damaged/checkpoints/step-%d/tensors.safetensors".formatted(step)), -9);
        }
        String said = run("damaged", kind, true, "schedule.type=constant").said();
        assertThat(said)
                .contains("step-8 is damaged", "step-4 is damaged", "every checkpoint is damaged: starting from the");
        assertThat(tensors("damaged")).hasSameBinaryContentAs(tensors("straight"));
        assertThat(losses("damaged")).hasSize(20).isEqualTo(losses("straight"));
    }

    /// Loss and norm of each step; validation falls due at other steps in a run that was cut.
    private List<String> losses(String name) throws IOException {
        return GoldenRows.metrics(temp.resolve(name)).stream()
                .map(node -> ((ObjectNode) node).retain("step", "loss", "gradient_norm", "learning_rate", "tokens"))
                .map(Object::toString)
                .toList();
    }

    @Test
    void whatARunLeavesBehind() throws IOException {
        run("run", LORA, false, "train.steps=6");
        Path run = temp.resolve("run");
        assertThat(ConfigFile.read(run.resolve("config.yaml"), List.of())
                        .train()
                        .steps())
                .isEqualTo(6);
        JsonNode environment = GoldenRows.JSON.readTree(Files.readAllBytes(run.resolve("environment.json")));
        for (String key : List.of(
                "awl",
                "commit",
                "java",
                "os",
                "processor",
                "cores",
                "libtorch",
                "device",
                "threads",
                "precision",
                "precision_reason",
                "kernels",
                "optimizer",
                "started")) {
            assertThat(environment.hasNonNull(key)).as(key).isTrue();
        }
        for (JsonNode line : GoldenRows.metrics(run)) {
            assertThat(line.path("peak_memory").asLong()).isGreaterThan(1 << 20);
            assertThat(line.path("learned_tokens").asLong())
                    .isBetween(1L, line.path("tokens").asLong());
            assertThat(line.path("seconds").asDouble()).isPositive();
        }
        assertThat(Files.readAllLines(run.resolve("validation.jsonl"))).hasSize(3); // before, at 4, at the end
        assertThat(run.resolve("checkpoints/step-4")).isDirectory();
        assertThat(run.resolve("adapter/adapter_config.json")).exists();
    }

    @Test
    void aFinishedRunResumedStaysAsItIs() throws IOException {
        run("run", FULL, false);
        List<String> before = Files.readAllLines(temp.resolve("run/metrics.jsonl"));
        assertThat(run("run", FULL, true).exitCode()).isZero();
        assertThat(Files.readAllLines(temp.resolve("run/metrics.jsonl"))).isEqualTo(before);
    }

    @Test
    void aUsedFolderNeedsResumeAndTheSameNumbers() throws IOException {
        run("run", FULL, false, "train.steps=4");
        assertThatThrownBy(() -> run("run", FULL, false))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("holds a run already; go on with it by --resume");
        assertThatThrownBy(() -> run("run", FULL, true, "optimizer.lr=2e-3"))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("optimizer.lr is 0.002, the run in")
                .hasMessageContaining("was started with 0.001");
        assertThatThrownBy(() -> run("run", LORA, true)).hasMessageContaining("lora.");
    }

    @Test
    void aRateThatIsTooHighEndsTheRunByNameAndNumber() {
        assertThatThrownBy(() -> run("run", FULL, false, "optimizer.lr=1e30", "schedule.warmup_steps=0"))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("step 2: the loss is")
                .hasMessageContaining("first seen in documents: row")
                .hasMessageContaining("there is no checkpoint yet");
    }

    @Test
    void aRunThatDivergesKeepsItsLastGoodCheckpoint() {
        String[] numbers = {"optimizer.lr=1e30", "schedule.warmup_steps=0", "checkpoint.every=1"};
        assertThatThrownBy(() -> run("held", FULL, false, numbers))
                .isInstanceOf(DivergedException.class)
                .hasMessageMatching("step 1: the validation loss is .*; there is no checkpoint yet");
        assertThatThrownBy(() -> run("run", FULL, false, join(numbers, new String[] {"data.validation=null"})))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("step 2: the loss is")
                .hasMessageContaining("last good checkpoint: step 1");
        assertThat(temp.resolve("run/checkpoints/step-1/manifest.json")).exists();
        assertThat(temp.resolve("run/checkpoints/step-2")).doesNotExist();
    }

    @Test
    void autoPrecisionSaysWhatItTook() throws IOException {
        run("run", LORA, false, "train.steps=1", "model.precision=auto");
        JsonNode environment = GoldenRows.JSON.readTree(Files.readAllBytes(temp.resolve("run/environment.json")));
        assertThat(environment.path("precision_reason").asText()).startsWith("auto: a 512x576x1536 product takes");
        assertThat(ConfigFile.read(temp.resolve("run/config.yaml"), List.of())
                        .model()
                        .precision())
                .isIn("fp32", "bf16");
    }

    @Test
    void anIdOutsideTheVocabularyNamesItsLine() throws IOException {
        Files.writeString(rows, "{\"ids\": [1, 320], \"weights\": [0, 1]}\n");
        assertThatThrownBy(() -> run("run", FULL, false))
                .hasMessageContaining("rows.jsonl:1: ids[1]: expected an id from 0 to 319");
    }
}
