package awl.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import awl.model.Checkpoint;
import awl.model.ModelConfig;
import awl.model.RopeScaling;
import awl.model.TensorSource;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The golden checkpoints as llama.cpp's converter would write them (names, interleaved rotary halves,
/// factors of the rotary scaling as a tensor) are the same models again: bit by bit, so that what any
/// kernels make of them is what `FamilyGoldenTest` compares.
final class GgufGoldenModelTest {

    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("model.embed_tokens", "token_embd"),
            Map.entry("model.norm", "output_norm"),
            Map.entry("lm_head", "output"),
            Map.entry("input_layernorm", "attn_norm"),
            Map.entry("post_attention_layernorm", "ffn_norm"),
            Map.entry("self_attn.q_proj", "attn_q"),
            Map.entry("self_attn.k_proj", "attn_k"),
            Map.entry("self_attn.v_proj", "attn_v"),
            Map.entry("self_attn.o_proj", "attn_output"),
            Map.entry("mlp.gate_proj", "ffn_gate"),
            Map.entry("mlp.up_proj", "ffn_up"),
            Map.entry("mlp.down_proj", "ffn_down"));

    @TempDir
    Path temp;

    private static String name(String huggingFace) {
        int dot = huggingFace.lastIndexOf('.');
        String module = huggingFace.substring(0, dot);
        String kind = huggingFace.substring(dot);
        if (module.startsWith("model.layers.")) {
            String[] parts = module.split("\\.", 4);
            return "blk." + parts[2] + "." + NAMES.get(parts[3]) + kind;
        }
        return NAMES.get(module) + kind;
    }

    private static GgufWriter describe(ModelConfig config, String architecture) {
        return new GgufWriter()
                .metadata("general.architecture", architecture)
                .metadata(architecture + ".context_length", config.maxPositions())
                .metadata(architecture + ".embedding_length", config.hiddenSize())
                .metadata(architecture + ".block_count", config.layers())
                .metadata(architecture + ".feed_forward_length", config.intermediateSize())
                .metadata(architecture + ".attention.head_count", config.heads())
                .metadata(architecture + ".attention.head_count_kv", config.kvHeads())
                .metadata(architecture + ".attention.layer_norm_rms_epsilon", (float) config.normEps())
                .metadata(architecture + ".rope.freq_base", (float) config.ropeTheta())
                .metadata(architecture + ".rope.dimension_count", config.headDim())
                .metadata("tokenizer.ggml.bos_token_id", 1)
                .metadata("tokenizer.ggml.eos_token_id", 2)
                .metadata("tokenizer.ggml.padding_token_id", 0);
    }

    /// Llama 3's rule, as the converter evaluates it; ones without scaling.
    private static byte[] factors(ModelConfig config) {
        RopeScaling scaling = config.ropeScaling();
        ByteBuffer bytes = ByteBuffer.allocate(4 * config.headDim() / 2).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < config.headDim(); i += 2) {
            double wave = 2 * Math.PI * Math.pow(config.ropeTheta(), (double) i / config.headDim());
            double context = scaling.originalMaxPositions();
            double smooth = (context / wave - scaling.lowFrequencyFactor())
                    / (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
            bytes.putFloat((float)
                    (wave < context / scaling.highFrequencyFactor()
                            ? 1
                            : wave > context / scaling.lowFrequencyFactor()
                                    ? scaling.factor()
                                    : 1 / ((1 - smooth) / scaling.factor() + smooth)));
        }
        return bytes.array();
    }

    private static String plain(ModelConfig config) {
        return config.toString().replaceAll("originalMaxPositions=\\d+", "");
    }

    /// As the converter permutes: `reshape(heads, 2, E/2, columns).swapaxes(1, 2)`.
    private static Tensor interleave(Tensor rows, long heads) {
        long half = rows.size(0) / heads / 2;
        long columns = rows.numel() / rows.size(0);
        return rows.reshape(heads, 2, half, columns)
                .transpose(1, 2)
                .reshape(rows.sizes().vec().get())
                .contiguous();
    }

    private static byte[] bytes(Tensor tensor) {
        return MemorySegment.ofAddress(tensor.data_ptr().address())
                .reinterpret(tensor.nbytes())
                .toArray(ValueLayout.JAVA_BYTE);
    }

    @ParameterizedTest
    @CsvSource({"llama, llama", "llama_tied, llama", "mistral, llama", "qwen2, qwen2"})
    void isTheSameModel(String family, String architecture) throws IOException {
        try (TensorScope scope = TensorScope.open();
                TensorSource original = Checkpoint.open(Shared.resource("golden/models/" + family))) {
            ModelConfig config = original.config();
            GgufWriter writer = describe(config, architecture);
            if (config.slidingWindow().getFirst() > 0) {
                writer.metadata(
                        "llama.attention.sliding_window", config.slidingWindow().getFirst());
            }
            if (config.ropeScaling().type().equals("llama3")) {
                writer.tensor("rope_freqs.weight", GgufType.F32, factors(config), config.headDim() / 2);
            }
            boolean half = config.dtype().equals("bfloat16");
            for (String each : original.names()) {
                boolean matrix = half && original.shape(each).length == 2;
                Tensor value = original.read(each, matrix ? ScalarType.BFloat16 : ScalarType.Float);
                if (architecture.equals("llama") && (each.contains("q_proj") || each.contains("k_proj"))) {
                    value = interleave(value, each.contains("q_proj") ? config.heads() : config.kvHeads());
                }
                writer.tensor(name(each), matrix ? GgufType.BF16 : GgufType.F32, bytes(value), original.shape(each));
            }
            Path file = Files.write(temp.resolve("model.gguf"), writer.bytes());
            try (TensorSource again = Checkpoint.open(file)) {
                // Few frequencies fit the rule over several contexts; what counts is that the factors are these.
                assertThat(plain(again.config()).replace("dtype=float32", "dtype=" + config.dtype()))
                        .isEqualTo(plain(config));
                assertThat(factors(again.config())).isEqualTo(factors(config));
                assertThat(again.names()).containsExactlyInAnyOrderElementsOf(original.names());
                for (String each : original.names()) {
                    for (ScalarType dtype :
                            new ScalarType[] {ScalarType.Float, ScalarType.BFloat16, ScalarType.Double}) {
                        Tensor read = again.read(each, dtype);
                        assertThat(Tensors.dtype(read)).isEqualTo(dtype);
                        assertThat(read.equal(original.read(each, dtype)))
                                .as(each)
                                .isTrue();
                    }
                }
            }
        }
    }

    @Test
    void factorsOfNoKnownRuleAreKeptAsTheyAre() throws IOException {
        try (TensorSource original = Checkpoint.open(Shared.resource("golden/models/llama_tied"))) {
            ModelConfig config = original.config();
            float[] odd = new float[config.headDim() / 2];
            ByteBuffer bytes = ByteBuffer.allocate(4 * odd.length).order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < odd.length; i++) {
                odd[i] = 1 + i * 0.7f;
                bytes.putFloat(odd[i]);
            }
            Path file = Files.write(
                    temp.resolve("model.gguf"),
                    describe(config, "llama")
                            .tensor("rope_freqs.weight", GgufType.F32, bytes.array(), odd.length)
                            .tensor(
                                    "token_embd.weight",
                                    GgufType.F32,
                                    new byte[4 * 8 * config.hiddenSize()],
                                    8,
                                    config.hiddenSize())
                            .metadata("llama.block_count", 1)
                            .bytes());
            try (GgufFile open = GgufFile.open(file)) {
                RopeScaling scaling = awl.model.HuggingFaceConfig.read(
                                "test",
                                awl.Json.tree(
                                        awl.Json.write(GgufConfig.of(open).config())
                                                .getBytes(java.nio.charset.StandardCharsets.UTF_8),
                                        "test"),
                                null)
                        .ropeScaling();
                assertThat(scaling.type()).isEqualTo("longrope");
                assertThat(scaling.attentionFactor()).isEqualTo(1);
                for (int i = 0; i < odd.length; i++) {
                    assertThat(scaling.shortFactor().get(i)).isEqualTo(odd[i]);
                    assertThat(scaling.longFactor().get(i)).isEqualTo(odd[i]);
                }
            }
        }
    }
}
