package awl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import awl.Json;
import awl.Shared;
import awl.tensor.Precision;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ModelExportTest {

    static final List<String> FAMILIES = Golden.FAMILIES;

    @TempDir
    Path temp;

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void aModelReadAndWrittenIsTheSameModel(String family) throws IOException {
        Path base = Shared.resource("golden/models/" + family);
        try (TensorScope scope = TensorScope.open();
                TensorSource before = Checkpoint.open(base)) {
            ModelExport.write(temp, base, before, null, ModelExport.storedType(before.config()), 200_000);
            assertThat(temp.resolve("config.json")).hasSameBinaryContentAs(base.resolve("config.json"));
            assertThat(temp.resolve("generation_config.json"))
                    .hasSameBinaryContentAs(base.resolve("generation_config.json"));
            assertThat(temp.resolve("model.safetensors.index.json")).exists();
            try (TensorSource after = Checkpoint.open(temp)) {
                assertThat(after.config()).isEqualTo(before.config());
                assertThat(after.names()).containsExactlyElementsOf(before.names());
                for (String name : before.names()) {
                    assertThat(after.view(name, ScalarType.Float).equal(before.view(name, ScalarType.Float)))
                            .as(name)
                            .isTrue();
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2"})
    void aMergedAdapterGivesTheLogitsOfTheAdaptedModel(String family) {
        Path base = Shared.resource("golden/models/" + family);
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family);
                Golden adapted = Golden.adapterOf(family);
                TensorSource source = Checkpoint.open(base);
                PeftAdapter adapter = PeftAdapter.open(base.resolve("lora"))) {
            ModelExport.write(temp, base, source, adapter, ScalarType.Float);
            try (TensorSource merged = Checkpoint.open(temp);
                    Decoder model = Decoder.load(merged, Precision.FP32)) {
                TokenBatch in = TokenBatch.upload(golden.batch());
                Tensor logits = model.head().logits(model.hidden(in, Tape.none()));
                for (int d = 0; d < in.batch().documents(); d++) {
                    int from = in.documentStart()[d];
                    int length = in.documentStart()[d + 1] - from;
                    Tensor expected = adapted.expected("logits").select(0, d).narrow(0, 0, length);
                    assertThat(Golden.worst(logits.narrow(0, from, length), expected))
                            .isLessThan(2e-5);
                }
            }
        }
    }

    @Test
    void aModelInMemoryIsWrittenWithItsAdaptersMerged() throws IOException {
        Path base = Shared.resource("golden/models/llama");
        Path direct = Files.createDirectory(temp.resolve("direct"));
        Path loaded = Files.createDirectory(temp.resolve("loaded"));
        try (TensorScope scope = TensorScope.open();
                TensorSource source = Checkpoint.open(base);
                PeftAdapter adapter = PeftAdapter.open(base.resolve("lora"));
                Decoder model = Decoder.load(source, Precision.FP32)) {
            model.attach(adapter.weights(), 0, 1);
            ModelExport.write(loaded, base, model);
            ModelExport.write(direct, base, source, adapter, ScalarType.Float);
            try (TensorSource one = Checkpoint.open(direct);
                    TensorSource other = Checkpoint.open(loaded)) {
                assertThat(one.config()).isEqualTo(other.config());
                assertThat(one.config().dtype()).isEqualTo("float32");
                assertThat(one.names()).containsExactlyInAnyOrderElementsOf(other.names());
                for (String name : one.names()) {
                    Tensor weight = one.view(name, ScalarType.Float);
                    Tensor same = other.view(name, ScalarType.Float);
                    assertThat(Tensors.dtype(weight)).isEqualTo(ScalarType.Float);
                    // Two ways through the same sums: the last bits may differ.
                    assertThat(weight.allclose(same, 1e-6, 1e-7, false))
                            .as(name)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void anAdapterOfAnotherModelIsRefused() {
        Path base = Shared.resource("golden/models/phi3");
        try (TensorSource source = Checkpoint.open(base);
                PeftAdapter adapter = PeftAdapter.open(Shared.resource("golden/models/llama/lora"))) {
            assertThatThrownBy(() -> ModelExport.write(temp, base, source, adapter, ScalarType.Float))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("is it for another base model?");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{ \"a\": {\"dtype\": \"x\"}, \"dtype\" : \"float32\" , \"b\":1} | { \"a\": {\"dtype\": \"x\"}, \"dtype\" : \"bfloat16\" , \"b\":1}",
                "{\"torch_dtype\":null,\"ä\":\"ö\"} | {\"torch_dtype\":\"bfloat16\",\"ä\":\"ö\"}",
                "{\"dtype\":\"float16\",\"torch_dtype\":\"float16\"} | {\"dtype\":\"bfloat16\",\"torch_dtype\":\"bfloat16\"}",
            })
    void onlyTheNumberFormatChangesInTheConfiguration(String before, String after) {
        byte[] set = ConfigDtype.set(before.getBytes(StandardCharsets.UTF_8), "bfloat16", "config.json");
        assertThat(new String(set, StandardCharsets.UTF_8)).isEqualTo(after);
    }

    @Test
    void aConfigurationWithoutNumberFormatGetsOne() {
        for (String key : List.of("rope_parameters", "rope_theta")) {
            byte[] set = ConfigDtype.set(
                    ("{\"" + key + "\": 1}").getBytes(StandardCharsets.UTF_8), "bfloat16", "config.json");
            assertThat(Json.tree(set, "test")
                            .path(key.equals("rope_parameters") ? "dtype" : "torch_dtype")
                            .asText())
                    .isEqualTo("bfloat16");
        }
    }
}
