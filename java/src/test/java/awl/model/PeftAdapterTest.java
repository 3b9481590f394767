package awl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.AwlException;
import awl.CheckpointException;
import awl.ConfigException;
import awl.Shared;
import awl.tensor.Precision;
import awl.tensor.Safetensors;
import awl.tensor.TensorScope;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class PeftAdapterTest {

    @TempDir
    Path temp;

    private static Path golden(String family) {
        return Shared.resource("golden/models/" + family + "/lora");
    }

    /// The llama adapter with its configuration changed.
    private Path changed(String from, String to) throws IOException {
        Path folder = golden("llama");
        Files.copy(folder.resolve("adapter_model.safetensors"), temp.resolve("adapter_model.safetensors"));
        String config = Files.readString(folder.resolve("adapter_config.json"));
        assertThat(config).contains(from);
        Files.writeString(temp.resolve("adapter_config.json"), config.replace(from, to));
        return temp;
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "qwen2"})
    void readsWhatPeftWroteAndWritesItAgain(String family) throws IOException {
        Path base = Shared.resource("golden/models/" + family);
        try (TensorScope scope = TensorScope.open();
                TensorSource source = Checkpoint.open(base);
                PeftAdapter adapter = PeftAdapter.open(golden(family));
                Decoder model = Decoder.load(source, Precision.FP32)) {
            assertThat(adapter.config().rank()).isEqualTo(4);
            assertThat(adapter.config().alpha()).isEqualTo(8);
            assertThat(adapter.baseModel()).isEqualTo("example/" + family);
            model.attach(adapter.weights(), 0, 1);
            PeftWriter.write(temp, adapter.config(), model, "example/" + family);
            try (PeftAdapter again = PeftAdapter.open(temp);
                    Safetensors before = Safetensors.open(golden(family).resolve("adapter_model.safetensors"));
                    Safetensors after = Safetensors.open(temp.resolve("adapter_model.safetensors"))) {
                assertThat(again.config()).isEqualTo(adapter.config());
                assertThat(after.names()).containsExactlyInAnyOrderElementsOf(before.names());
                for (String name : before.names()) {
                    assertThat(after.view(name).equal(before.view(name)))
                            .as(name)
                            .isTrue();
                }
                for (String module : adapter.modules()) {
                    assertThat(again.weights(module).scaling()).isEqualTo(2);
                }
            }
        }
    }

    @Test
    void mergingIsTheProductOnTop() {
        try (TensorScope scope = TensorScope.open();
                TensorSource source = Checkpoint.open(Shared.resource("golden/models/llama"));
                PeftAdapter adapter = PeftAdapter.open(golden("llama"));
                Decoder model = Decoder.load(source, Precision.FP32)) {
            model.attach(adapter.weights(), 0, 1);
            model.adapters().merged().forEach((name, expected) -> {
                String module = name.substring(0, name.length() - ".weight".length());
                Tensor weight = source.read(name, ScalarType.Float);
                assertThat(adapter.weightShape(module)).isEqualTo(source.shape(name));
                Tensor merged = adapter.merged(module, weight, ScalarType.Float);
                assertThat(merged.equal(expected)).as(name).isTrue();
                assertThat(merged.equal(weight)).as(name).isFalse();
            });
        }
    }

    @Test
    void patternsAndRankStabilisationScaleEachModule() throws IOException {
        Path folder = changed(
                "\"alpha_pattern\": {}", "\"alpha_pattern\": {\"layers.0.self_attn.q_proj\": 3, \"down_proj\": 6}");
        Path file = folder.resolve("adapter_config.json");
        Files.writeString(file, Files.readString(file).replace("\"use_rslora\": false", "\"use_rslora\": true"));
        try (PeftAdapter adapter = PeftAdapter.open(folder);
                TensorScope scope = TensorScope.open()) {
            assertThat(adapter.weights("model.layers.0.self_attn.q_proj").scaling())
                    .isEqualTo(1.5);
            assertThat(adapter.weights("model.layers.1.self_attn.q_proj").scaling())
                    .isEqualTo(4);
            assertThat(adapter.weights("model.layers.2.mlp.down_proj").scaling())
                    .isEqualTo(3);
        }
    }

    @Test
    void modulesOfTheirOwnRankAreNamedInTheFile() {
        try (TensorScope scope = TensorScope.open();
                TensorSource source = Checkpoint.open(Shared.resource("golden/models/llama"));
                Decoder model = Decoder.load(source, Precision.FP32)) {
            Tensor a = awl.tensor.Tensors.zeros(ScalarType.Float, 2, 64);
            Tensor b = awl.tensor.Tensors.zeros(ScalarType.Float, 64, 2);
            model.attach(List.of(new LoraWeights("model.layers.1.self_attn.q_proj", a, b, 5)), 0, 1);
            PeftWriter.write(temp, new LoraConfig(4, 8, List.of("q_proj"), 0, false), model, null);
        }
        try (PeftAdapter adapter = PeftAdapter.open(temp);
                TensorScope scope = TensorScope.open()) {
            assertThat(adapter.config().targets()).containsExactly("model.layers.1.self_attn.q_proj");
            assertThat(adapter.weights("model.layers.1.self_attn.q_proj").scaling())
                    .isEqualTo(5);
            assertThat(adapter.weights("model.layers.1.self_attn.q_proj").a_RI().size(0))
                    .isEqualTo(2);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "\"use_dora\": false | \"use_dora\": true | DoRA",
                "\"bias\": \"none\" | \"bias\": \"all\" | bias is 'all'",
                "\"modules_to_save\": null | \"modules_to_save\": [\"lm_head\"] | whole modules were trained",
                "\"fan_in_fan_out\": false | \"fan_in_fan_out\": true | transposed",
                "\"peft_type\": \"LORA\" | \"peft_type\": \"IA3\" | peft_type 'IA3' is not supported",
                "\"init_lora_weights\": true | \"init_lora_weights\": \"pissa\" | changes the base model's weights",
                "\"r\": 4 | \"r\": 5 | says rank 5",
                "\"r\": 4 | \"r\": \"4\" | r must be a positive integer",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"q_proj\": 2} | says rank 2",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"(x+x+)+y\": 2} | no repeated groups",
                "\"rank_pattern\": {} | \"rank_pattern\": {\"[\": 2} | no regular expression",
                "\"lora_alpha\": 8 | \"lora_alpha\": null | lora_alpha must be a number",
            })
    void whatIsNoPlainLoraIsRefusedByName(String from, String to, String reason) throws IOException {
        Path folder = changed(from, to);
        assertThatThrownBy(() -> PeftAdapter.open(folder))
                .isInstanceOf(AwlException.class)
                .hasMessageContaining(temp.toString())
                .hasMessageContaining(reason);
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        assertThatThrownBy(() -> PeftAdapter.open(temp.resolve("no")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("expected a PEFT adapter folder");
        assertThatThrownBy(() -> PeftAdapter.open(temp)).hasMessageContaining("adapter_config.json: no such file");
        Files.copy(golden("llama").resolve("adapter_config.json"), temp.resolve("adapter_config.json"));
        assertThatThrownBy(() -> PeftAdapter.open(temp))
                .hasMessageContaining("adapter_model.safetensors: no such file");
        Files.write(temp.resolve("adapter_model.bin"), new byte[1]);
        assertThatThrownBy(() -> PeftAdapter.open(temp)).hasMessageContaining("pickle");
        Files.copy(Shared.resource("golden/models/llama/model.safetensors"), temp.resolve("adapter_model.safetensors"));
        assertThatThrownBy(() -> PeftAdapter.open(temp)).hasMessageContaining("no part of a plain LoRA adapter");
    }

    @Test
    void resultsAppearWholeAndReplaceNothingUnasked() throws IOException {
        Path target = temp.resolve("out/model");
        OutputFolder.write(target, false, folder -> OutputFolder.writeText(folder.resolve("a"), "1"));
        assertThat(target.resolve("a")).hasContent("1");
        assertThatThrownBy(() -> OutputFolder.write(target, false, folder -> {}))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("--overwrite");
        assertThatThrownBy(() -> OutputFolder.write(target, true, folder -> {
                    OutputFolder.writeText(folder.resolve("b"), "2");
                    throw new CheckpointException("stopped");
                }))
                .hasMessage("stopped");
        assertThat(target.resolve("a")).hasContent("1");
        OutputFolder.write(target, true, folder -> OutputFolder.writeText(folder.resolve("b"), "2"));
        assertThat(target).isDirectoryNotContaining("glob:**/a");
        assertThat(target.resolve("b")).hasContent("2");
        try (var left = Files.list(target.getParent())) {
            assertThat(left).containsExactly(target);
        }
        Files.createDirectory(target.resolve("mine"));
        assertThatThrownBy(() -> OutputFolder.check(target, true)).hasMessageContaining("'mine' is none");
    }
}
