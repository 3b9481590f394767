package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.Json;
import awl.Shared;
import awl.tensor.Safetensors;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// SmolLM2-135M-Instruct against its reference numbers. The checkpoint (its GGUF file, or a folder with the
/// same values in float32) is named by property `awl.smollm2` or variable `AWL_SMOLLM2`; the references are
/// in `golden/smollm2`.
@Tag("weights")
final class RealCheckpointTest {

    @TempDir
    Path folder;

    private static String checkpoint() {
        String named = System.getProperty("awl.smollm2", "");
        String path = named.isEmpty() ? Objects.requireNonNullElse(System.getenv("AWL_SMOLLM2"), "") : named;
        Assumptions.assumeTrue(!path.isEmpty(), "no SmolLM2 checkpoint (set AWL_SMOLLM2 to its GGUF file or folder)");
        Assumptions.assumeTrue(Files.exists(Path.of(path)), path + " (AWL_SMOLLM2) is not there");
        return path;
    }

    private static List<JsonNode> cases(Path golden) {
        List<JsonNode> cases = new ArrayList<>();
        Json.tree(golden.resolve("cases.json"), 1 << 24).path("cases").forEach(cases::add);
        return cases;
    }

    private static List<String> rows(Path golden, String part) {
        List<String> rows = new ArrayList<>();
        try (Safetensors file = Safetensors.open(golden.resolve("cases.safetensors"))) {
            for (JsonNode each : cases(golden)) {
                String name = each.path("name").asText();
                Tensor ids = file.read(name + "." + part, ScalarType.Long);
                List<Long> list = new ArrayList<>();
                for (long t = 0; t < ids.size(0); t++) {
                    list.add(ids.select(0, t).item_long());
                }
                rows.add("{\"id\":\"" + name + "\",\"ids\":" + list + "}");
            }
        }
        return rows;
    }

    @Test
    void logProbabilitiesAreThoseOfDoublePrecision() throws IOException {
        String model = checkpoint();
        Path golden = Shared.require("golden/smollm2");
        CommandRun run = CommandRun.of(folder, rows(golden, "input_ids"), "score", "--model", model);
        assertThat(run.code()).as(run.said()).isZero();
        try (Safetensors file = Safetensors.open(golden.resolve("cases.safetensors"))) {
            for (var row : run.rows()) {
                Tensor expected = file.read(row.get("id") + ".logprob.float64", ScalarType.Double);
                List<?> found = (List<?>) Objects.requireNonNull(row.get("logprobs"));
                double sum = 0;
                for (int t = 1; t < found.size(); t++) {
                    double value = (Double) Objects.requireNonNull(found.get(t));
                    double error = value - expected.select(0, t).item_double();
                    sum += error;
                    assertThat(error).as("%s[%d]", row.get("id"), t).isCloseTo(0, within(5e-5));
                }
                // A float32 sum over the vocabulary would be biased by 1e-5.
                assertThat(sum / found.size()).isCloseTo(0, within(3e-6));
            }
        }
    }

    @Test
    void greedyAnswersAreTheReferences() throws IOException {
        String model = checkpoint();
        Path golden = Shared.require("golden/smollm2");
        List<JsonNode> cases = cases(golden);
        for (String batch : new String[] {"1", "6"}) {
            CommandRun run = CommandRun.of(
                    folder,
                    rows(golden, "prompt_ids"),
                    "generate",
                    "--model",
                    model,
                    "--max-new-tokens",
                    "32",
                    "--batch",
                    batch);
            assertThat(run.code()).as(run.said()).isZero();
            for (int c = 0; c < cases.size(); c++) {
                JsonNode greedy = cases.get(c).path("greedy").path("float32");
                List<Long> ids = new ArrayList<>();
                greedy.path("ids").forEach(id -> ids.add(id.asLong()));
                assertThat(run.rows().get(c).get("ids")).isEqualTo(ids);
                assertThat(run.rows().get(c).get("finish_reason")).isEqualTo(ids.getLast() == 2 ? "stop" : "length");
            }
        }
    }

    /// The template of the GGUF file, what is learned of it, and the prompt it makes.
    @Test
    void conversationsRenderAsTheReferences() throws IOException {
        String model = checkpoint();
        Path golden = Shared.require("golden/smollm2");
        List<JsonNode> cases =
                cases(golden).stream().filter(each -> each.has("messages")).toList();
        assertThat(cases).hasSizeGreaterThan(1);
        List<String> rows = new ArrayList<>();
        for (JsonNode each : cases) {
            String name = each.path("name").asText();
            rows.add("{\"id\":\"%s\",\"messages\":%s}".formatted(name, each.path("messages")));
            ArrayNode asked = each.path("messages").deepCopy();
            while (asked.path(asked.size() - 1).path("role").asText().equals("assistant")) {
                asked.remove(asked.size() - 1);
            }
            rows.add("{\"id\":\"%s\",\"messages\":%s,\"add_generation_prompt\":true}".formatted(name, asked));
        }
        CommandRun run = CommandRun.of(folder, rows, "render", "--model", model);
        assertThat(run.code()).as(run.said()).isZero();
        try (Safetensors file = Safetensors.open(golden.resolve("cases.safetensors"))) {
            for (int c = 0; c < cases.size(); c++) {
                String name = cases.get(c).path("name").asText();
                var whole = run.rows().get(2 * c);
                var prompt = run.rows().get(2 * c + 1);
                assertThat(whole.get("text"))
                        .isEqualTo(cases.get(c).path("text").asText());
                assertThat(prompt.get("text"))
                        .isEqualTo(cases.get(c).path("prompt").asText());
                same(whole.get("ids"), file.read(name + ".input_ids", ScalarType.Long));
                same(whole.get("weights"), file.read(name + ".weights", ScalarType.Long));
                same(prompt.get("ids"), file.read(name + ".prompt_ids", ScalarType.Long));
            }
        }
    }

    private static void same(@Nullable Object found, Tensor expected) {
        List<Long> values = new ArrayList<>();
        for (long t = 0; t < expected.numel(); t++) {
            values.add(expected.select(0, t).item_long());
        }
        assertThat(found).isEqualTo(values);
    }

    @Test
    void textAndMessagesBecomeTheReferencesTokens() throws IOException {
        String model = checkpoint();
        Path golden = Shared.require("golden/smollm2");
        List<String> rows = new ArrayList<>();
        List<JsonNode> cases = cases(golden);
        for (JsonNode each : cases) {
            String name = each.path("name").asText();
            rows.add(
                    each.has("messages")
                            ? "{\"id\":\"" + name + "\",\"messages\":" + each.path("messages") + "}"
                            : "{\"id\":\"" + name + "\",\"text\":" + each.path("text") + "}");
        }
        CommandRun run = CommandRun.of(folder, rows, "score", "--model", model);
        assertThat(run.code()).as(run.said()).isZero();
        try (Safetensors file = Safetensors.open(golden.resolve("cases.safetensors"))) {
            for (var row : run.rows()) {
                Tensor expected = file.read(row.get("id") + ".input_ids", ScalarType.Long);
                List<?> found = (List<?>) Objects.requireNonNull(row.get("ids"));
                assertThat(found).as("%s", row.get("id")).hasSize((int) expected.size(0));
                for (int t = 0; t < found.size(); t++) {
                    assertThat(found.get(t)).isEqualTo(expected.select(0, t).item_long());
                }
            }
        }
    }
}
