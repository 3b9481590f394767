package awl.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import awl.kernel.Kernels;
import awl.kernel.TestedKernels;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.KvCache;
import awl.model.ModelConfig;
import awl.model.Segment;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model whose weights stay in the blocks of its file computes what it computes with decoded weights, bit for bit.
@Tag("native")
final class BlockModelTest {

    private static final int WIDTH = 64;
    private static final int INNER = 96;
    private static final int VOCABULARY = 50;

    @TempDir
    Path temp;

    private final Random random = new Random(2);

    private byte[] random(GgufType type, int rows, int columns) {
        byte[] bytes = new byte[rows * columns / type.values * type.bytes];
        random.nextBytes(bytes);
        for (int at = 0; at < bytes.length; at += type.bytes) {
            for (int half = 0; half < (type == GgufType.Q4_1 ? 4 : 2); half += 2) {
                bytes[at + half + 1] = (byte) ((bytes[at + half + 1] & 0x83) | 0x24);
            }
        }
        return bytes;
    }

    private static byte[] ones(int count) {
        byte[] bytes = new byte[4 * count];
        for (int i = 0; i < count; i++) {
            bytes[4 * i + 2] = (byte) 0x80;
            bytes[4 * i + 3] = 0x3f;
        }
        return bytes;
    }

    private Path file(boolean tied) throws Exception {
        GgufWriter writer = new GgufWriter()
                .metadata("general.architecture", "llama")
                .metadata("llama.context_length", 128)
                .metadata("llama.embedding_length", WIDTH)
                .metadata("llama.block_count", 2)
                .metadata("llama.feed_forward_length", INNER)
                .metadata("llama.attention.head_count", 4)
                .metadata("llama.attention.head_count_kv", 2)
                .metadata("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .metadata("tokenizer.ggml.eos_token_id", 2)
                .tensor("token_embd.weight", GgufType.Q8_0, random(GgufType.Q8_0, VOCABULARY, WIDTH), VOCABULARY, WIDTH)
                .tensor("output_norm.weight", GgufType.F32, ones(WIDTH), WIDTH);
        if (!tied) {
            writer.tensor("output.weight", GgufType.F16, random(GgufType.F16, VOCABULARY, WIDTH), VOCABULARY, WIDTH);
        }
        for (int layer = 0; layer < 2; layer++) {
            matrix(writer, layer, "attn_q", GgufType.Q4_1, WIDTH, WIDTH);
            matrix(writer, layer, "attn_k", GgufType.Q4_1, WIDTH / 2, WIDTH);
            matrix(writer, layer, "attn_v", layer == 0 ? GgufType.Q4_1 : GgufType.Q5_0, WIDTH / 2, WIDTH);
            matrix(writer, layer, "attn_output", GgufType.Q4_0, WIDTH, WIDTH);
            matrix(writer, layer, "ffn_gate", GgufType.Q4_1, INNER, WIDTH);
            matrix(writer, layer, "ffn_up", GgufType.Q4_1, INNER, WIDTH);
            matrix(writer, layer, "ffn_down", GgufType.Q8_0, WIDTH, INNER);
            writer.tensor("blk." + layer + ".attn_norm.weight", GgufType.F32, ones(WIDTH), WIDTH);
            writer.tensor("blk." + layer + ".ffn_norm.weight", GgufType.F32, ones(WIDTH), WIDTH);
        }
        return Files.write(temp.resolve(tied ? "tied.gguf" : "apart.gguf"), writer.bytes());
    }

    private void matrix(GgufWriter writer, int layer, String name, GgufType type, int rows, int columns) {
        writer.tensor("blk." + layer + "." + name + ".weight", type, random(type, rows, columns), rows, columns);
    }

    private static Kernels kernels() {
        return TestedKernels.of("native");
    }

    @Test
    void decodesAndReadsPromptsAsWithDecodedWeights() throws Exception {
        Kernels kernels = kernels();
        for (boolean tied : new boolean[] {true, false}) {
            Path file = file(tied);
            try (TensorScope scope = TensorScope.open();
                    Decoder blocks = Decoder.map(Checkpoint.open(file), Precision.FP32, kernels);
                    Decoder dense = Decoder.map(Checkpoint.open(file), Precision.FP32, kernels, false);
                    KvCache left = blocks.cache(2, 64);
                    KvCache right = dense.cache(2, 64)) {
                assertThat(blocks.numbers())
                        .isEqualTo("fp32 on weights in " + (tied ? "" : "F16, ") + "Q4_0, Q4_1, Q5_0, Q8_0");
                assertThat(dense.numbers()).isEqualTo("fp32");
                ModelConfig config = blocks.config();
                int[] longPrompt = random.ints(45, 0, config.vocabSize()).toArray();
                same(blocks, dense, left, right, List.of(new Segment(0, longPrompt)));
                same(blocks, dense, left, right, List.of(new Segment(1, new int[] {7, 8, 9})));
                for (int step = 0; step < 3; step++) {
                    same(
                            blocks,
                            dense,
                            left,
                            right,
                            List.of(new Segment(1, new int[] {step}), new Segment(0, new int[] {20 + step})));
                }
                assertThat(blocks.parameters().stream().allMatch(each -> !each.trainable()))
                        .isTrue();
                // Who wants the values gets them.
                assertThat(blocks.head()
                                .weight()
                                .value()
                                .equal(dense.head().weight().value()))
                        .isTrue();
            }
        }
    }

    private static void same(Decoder blocks, Decoder dense, KvCache left, KvCache right, List<Segment> segments) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor found = blocks.logits(segments, left);
            Tensor expected = dense.logits(segments, right);
            assertThat(found.equal(expected)).as("%s", Arrays.asList(segments)).isTrue();
            assertThat(found.abs().max().item_double()).isGreaterThan(0);
        }
    }

    @Test
    void theReferenceAndOtherPrecisionsDecodeAtTheStart() throws Exception {
        Path file = file(true);
        try (Decoder reference = Decoder.map(Checkpoint.open(file), Precision.FP32, new awl.kernel.TorchKernels());
                Decoder narrow = Decoder.map(Checkpoint.open(file), Precision.BF16, kernels())) {
            assertThat(reference.numbers()).isEqualTo("fp32");
            assertThat(narrow.numbers()).isEqualTo("bf16");
        }
    }
}
