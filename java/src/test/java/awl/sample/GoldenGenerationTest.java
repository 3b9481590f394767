package awl.sample;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import awl.Shared;
import awl.kernel.Kernels;
import awl.kernel.TestedKernels;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.TensorSource;
import awl.tensor.Precision;
import awl.tensor.Safetensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The reference's greedy continuations, from every family and whatever the batch, by either kernels.
@ParameterizedClass
@ValueSource(strings = {"reference", "native"})
final class GoldenGenerationTest {

    private final Kernels kernels;

    GoldenGenerationTest(String kernels) {
        this.kernels = TestedKernels.of(kernels);
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama_tied", "qwen2", "qwen3", "mistral", "gemma2", "phi3"})
    void greedyIdsAreTheReferencesWhateverTheBatch(String family) {
        Path folder = Shared.resource("golden/models/" + family);
        int prompt = Json.tree(folder.resolve("cases.json"), 1 << 20)
                .path("prompt_length")
                .asInt();
        int[][] expected = greedyIds(folder);
        List<Request> requests = new ArrayList<>();
        for (int[] row : expected) {
            requests.add(Request.of(Arrays.copyOf(row, prompt), Sampling.GREEDY, row.length - prompt, List.of()));
        }
        // Another one in the middle of the first answer.
        requests.add(Request.of(Arrays.copyOf(expected[0], prompt + 4), Sampling.GREEDY, 5, List.of()));
        try (TensorSource source = Checkpoint.open(folder);
                Decoder decoder = Decoder.load(source, Precision.FP32, kernels)) {
            for (int slots : new int[] {1, 3, 8}) {
                for (int stepTokens : new int[] {4, 1000}) {
                    CachePlan plan = new CachePlan(slots, expected[0].length);
                    try (Generator generator = new Generator(new DecoderSlots(decoder, plan), null, stepTokens)) {
                        List<Completion> answers = generator.complete(requests);
                        for (int r = 0; r < expected.length; r++) {
                            assertThat(answers.get(r).ids())
                                    .as("row %d, %d slots, %d tokens a step", r, slots, stepTokens)
                                    .isEqualTo(Arrays.copyOfRange(expected[r], prompt, expected[r].length));
                        }
                        assertThat(answers.getLast().ids())
                                .isEqualTo(Arrays.copyOfRange(expected[0], prompt + 4, prompt + 9));
                    }
                }
            }
        }
    }

    private static int[][] greedyIds(Path folder) {
        try (Safetensors cases = Safetensors.open(folder.resolve("cases.safetensors"))) {
            Tensor ids = cases.read("greedy_ids", ScalarType.Long);
            int[][] rows = new int[(int) ids.size(0)][(int) ids.size(1)];
            for (int r = 0; r < rows.length; r++) {
                for (int t = 0; t < rows[r].length; t++) {
                    rows[r][t] = (int) ids.select(0, r).select(0, t).item_long();
                }
            }
            return rows;
        }
    }
}
