package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.Shared;
import awl.tensor.Safetensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class ScoreCommandTest {

    @TempDir
    Path folder;

    /// Rows of the golden batch as lines; the references are -nll.
    private record Rows(List<String> lines, List<float[]> logProbs) {

        static Rows of(Path model) {
            List<String> lines = new ArrayList<>();
            List<float[]> logProbs = new ArrayList<>();
            try (Safetensors cases = Safetensors.open(model.resolve("cases.safetensors"))) {
                Tensor ids = cases.read("input_ids", ScalarType.Long);
                Tensor lengths = cases.read("lengths", ScalarType.Long);
                Tensor nll = cases.read("nll", ScalarType.Float);
                for (long b = 0; b < ids.size(0); b++) {
                    int length = (int) lengths.select(0, b).item_long();
                    List<Long> row = new ArrayList<>();
                    float[] expected = new float[length];
                    for (long t = 0; t < length; t++) {
                        row.add(ids.select(0, b).select(0, t).item_long());
                        expected[(int) t] = -nll.select(0, b).select(0, t).item_float();
                    }
                    lines.add("{\"id\":\"row" + b + "\",\"ids\":" + row + "}");
                    logProbs.add(expected);
                }
            }
            return new Rows(lines, logProbs);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 50, 100_000})
    void logProbabilitiesAreTheReferencesWhateverIsComputedTogether(int batchTokens) throws IOException {
        Path model = Shared.resource("golden/models/qwen2");
        Rows rows = Rows.of(model);
        List<String> lines = new ArrayList<>(rows.lines());
        lines.add(1, "{\"id\":\"none\",\"ids\":[]}");
        lines.add(2, "{\"id\":1,\"ids\":[3]}");
        CommandRun run = CommandRun.of(
                folder, lines, "score", "--model", model.toString(), "--batch-tokens", String.valueOf(batchTokens));
        assertThat(run.code()).as(run.said()).isZero();
        assertThat(run.said().lines())
                .hasSize(1)
                .first()
                .asString()
                .contains("fp32")
                .contains("kernels");
        List<Map<String, @Nullable Object>> written = run.rows();
        assertThat(written).hasSize(lines.size());
        assertThat(written.get(1)).containsEntry("id", "none").containsEntry("logprobs", List.of());
        assertThat(written.get(1)).containsEntry("logprob", 0.0);
        assertThat(written.get(2).get("id")).isEqualTo(1L);
        assertThat(written.get(2).get("logprobs"))
                .asInstanceOf(org.assertj.core.api.InstanceOfAssertFactories.LIST)
                .hasSize(1)
                .containsOnlyNulls();
        assertThat(written.get(2)).containsEntry("logprob", 0.0);
        for (int b = 0; b < rows.lines().size(); b++) {
            Map<String, @Nullable Object> line = written.get(b == 0 ? 0 : b + 2);
            assertThat(line.get("id")).isEqualTo("row" + b);
            List<?> found = (List<?>) Objects.requireNonNull(line.get("logprobs"));
            float[] expected = rows.logProbs().get(b);
            assertThat(found).hasSize(expected.length);
            assertThat(found.getFirst()).isNull();
            for (int t = 1; t < expected.length; t++) {
                assertThat((Double) Objects.requireNonNull(found.get(t))).isCloseTo(expected[t], within(2e-5 * 10));
            }
            // Of the float32 numbers that are listed, in float64: to the last digits.
            double sum = found.stream()
                    .skip(1)
                    .mapToDouble(each -> ((Double) Objects.requireNonNull(each)).floatValue())
                    .sum();
            assertThat((Double) line.get("logprob")).isCloseTo(sum, within(1e-12 * Math.abs(sum)));
        }
    }

    @Test
    void mistakesOfTheUserEndWithTwoAndLeaveNoOutput() throws IOException {
        String model = Shared.resource("golden/models/qwen2").toString();
        List<String> lines = List.of("{\"id\":\"a\",\"ids\":[1]}", "{\"id\":\"b\",\"ids\":[1,99999999]}");
        CommandRun run = CommandRun.of(folder, lines, "score", "--model", model);
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.said()).contains("in.jsonl:2: ids[1]").doesNotContain("\tat ");
        assertThat(run.rows()).isEmpty();
        assertThat(folder.resolve("out.jsonl")).doesNotExist();
        assertThat(CommandRun.of(folder, lines, "score", "--model", folder.toString())
                        .code())
                .isEqualTo(2);
    }
}
