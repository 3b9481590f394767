package awl.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import awl.Json;
import awl.Shared;
import awl.model.Checkpoint;
import awl.model.TensorSource;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class GgufTest {

    @TempDir
    Path temp;

    private static String sha256(Tensor tensor) throws Exception {
        byte[] bytes = MemorySegment.ofAddress(tensor.data_ptr().address())
                .reinterpret(tensor.nbytes())
                .toArray(ValueLayout.JAVA_BYTE);
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    }

    private static JsonNode array(Path file) throws IOException {
        String wrapped = "{\"array\":" + Files.readString(file) + "}";
        return Json.tree(wrapped.getBytes(java.nio.charset.StandardCharsets.UTF_8), file.toString())
                .get("array");
    }

    /// A llama of one layer: width 4, two heads of 2, one key/value head, vocabulary 3.
    private static GgufWriter tiny() {
        byte[] matrix = new byte[4 * 4 * 4];
        GgufWriter writer = new GgufWriter()
                .metadata("general.architecture", "llama")
                .metadata("llama.embedding_length", 4)
                .metadata("llama.block_count", 1)
                .metadata("llama.feed_forward_length", 4)
                .metadata("llama.attention.head_count", 2)
                .metadata("llama.attention.head_count_kv", 2)
                .metadata("llama.attention.layer_norm_rms_epsilon", 1e-5f)
                .metadata("tokenizer.ggml.model", "gpt2")
                .metadata("tokenizer.ggml.tokens", List.of("a", "b", "<e>"))
                .metadata("tokenizer.ggml.token_type", List.of(1, 1, 3))
                .metadata("tokenizer.ggml.merges", List.of("a b"))
                .metadata("tokenizer.ggml.eos_token_id", 2)
                .tensor("token_embd.weight", GgufType.F32, new byte[48], 3, 4)
                .tensor("output_norm.weight", GgufType.F32, new byte[16], 4);
        java.nio.ByteBuffer rows = java.nio.ByteBuffer.allocate(64).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        for (int r = 0; r < 4; r++) {
            for (int c = 0; c < 4; c++) {
                rows.putFloat(r);
            }
        }
        return writer.tensor("blk.0.attn_q.weight", GgufType.F32, rows.array(), 4, 4)
                .tensor("blk.0.attn_v.weight", GgufType.F32, matrix, 4, 4);
    }

    private Path write(byte[] bytes) throws IOException {
        return Files.write(temp.resolve("x.gguf"), bytes);
    }

    @Test
    void everyFormatAgreesWithTheReferenceBitForBit() throws Exception {
        Path golden = Shared.resource("golden/gguf/blocks.json");
        JsonNode cases = array(golden);
        for (JsonNode each : cases) {
            Path path = write(tiny().tensor(
                            "blk.0.ffn_up.weight",
                            GgufType.valueOf(each.get("type").asText()),
                            Base64.getDecoder().decode(each.get("raw").asText()),
                            each.get("shape").get(0).asLong(),
                            each.get("shape").get(1).asLong())
                    .bytes());
            try (TensorSource source = Checkpoint.open(path);
                    Tensor values = source.read("model.layers.0.mlp.up_proj.weight", ScalarType.Float);
                    Tensor halves = source.read("model.layers.0.mlp.up_proj.weight", ScalarType.BFloat16);
                    Tensor expected = values.to(ScalarType.BFloat16)) {
                assertThat(sha256(values))
                        .as(each.get("type").asText())
                        .isEqualTo(each.get("values_sha256").asText());
                assertThat(halves.equal(expected)).isTrue();
            }
        }
    }

    @Test
    void namesConfigurationAndRowOrderAreHuggingFaces() throws IOException {
        try (GgufModel model = GgufModel.open(write(tiny().bytes()))) {
            assertThat(model.names()).contains("model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight");
            assertThat(model.config().headDim()).isEqualTo(2);
            assertThat(model.config().tied()).isTrue();
            assertThat(model.config().normEps()).isEqualTo(1e-5);
            assertThat(model.config().eosIds()).containsExactly(2);
            // Heads of width 2 have halves of 1: rows stay. Four rows as one head of 4 would not.
            try (Tensor q = model.read("model.layers.0.self_attn.q_proj.weight", ScalarType.Float)) {
                assertThat(q.select(0, 1).select(0, 0).item_float()).isEqualTo(1f);
            }
            assertThat(model.tokenizer().tokenizerJson())
                    .contains("\"content\":\"<e>\"")
                    .contains("ByteLevel");
            assertThat(model.tokenizer().tokenizerConfig()).containsEntry("eos_token", "<e>");
        }
        Path oneHead = write(tiny().metadata("llama.attention.head_count", 1)
                .metadata("llama.attention.head_count_kv", 1)
                .bytes());
        try (GgufModel model = GgufModel.open(oneHead);
                Tensor q = model.read("model.layers.0.self_attn.q_proj.weight", ScalarType.Float)) {
            float[] column = new float[4];
            for (int r = 0; r < 4; r++) {
                column[r] = q.select(0, r).select(0, 0).item_float();
            }
            assertThat(column).containsExactly(0f, 2f, 1f, 3f);
        }
    }

    @Test
    void unknownThingsAreNamed() throws IOException {
        assertThatThrownBy(() -> GgufModel.open(
                        write(tiny().tensor("blk.0.ffn_gate_exps.weight", GgufType.F32, new byte[64], 4, 4)
                                .bytes())))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("blk.0.ffn_gate_exps.weight");
        assertThatThrownBy(() -> GgufModel.open(
                        write(tiny().metadata("general.architecture", "mamba").bytes())))
                .hasMessageContaining("architecture 'mamba' is not supported in GGUF");
        assertThatThrownBy(() -> GgufModel.open(temp.resolve("none.gguf"))).hasMessageContaining("no such file");
    }

    @Test
    void damagedFilesAreReadOrRefusedByName() throws IOException {
        byte[] good = tiny().bytes();
        for (int length = 0; length < good.length; length += length < 1200 ? 1 : 16) {
            Path path = write(Arrays.copyOf(good, length));
            assertThatThrownBy(() -> GgufModel.open(path))
                    .as("cut at %d", length)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("x.gguf");
        }
        Random random = new Random(11);
        for (int round = 0; round < 2000; round++) {
            byte[] bytes = good.clone();
            for (int flips = 0; flips <= round % 3; flips++) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try (GgufModel model = GgufModel.open(write(bytes))) {
                for (String name : model.names()) {
                    model.read(name, ScalarType.Float).close();
                }
                model.tokenizer();
            } catch (awl.AwlException refused) {
                assertThat(refused).hasMessageContaining("x.gguf");
            }
        }
    }

    @Test
    @Tag("weights")
    void smolLmHasTheGoldenValues() throws Exception {
        Path file = Shared.smolLm2();
        Path golden = Shared.require("golden/smollm2/tensors.json");
        JsonNode expected = array(golden);
        try (GgufModel model = GgufModel.open(file)) {
            assertThat(model.names()).hasSize(272);
            for (JsonNode each : expected) {
                String name = each.get("hf").asText();
                try (Tensor full = model.read(name, ScalarType.Float);
                        Tensor rounded = model.read(name, ScalarType.BFloat16)) {
                    assertThat(sha256(full))
                            .as(name)
                            .isEqualTo(each.get("sha256_float32_hf_rows").asText());
                    assertThat(sha256(rounded))
                            .as(name)
                            .isEqualTo(each.get("sha256_bfloat16_hf_rows").asText());
                }
            }
        }
    }
}
