package awl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.AwlException;
import awl.CheckpointException;
import awl.ConfigException;
import awl.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class CheckpointTest {

    @TempDir
    Path temp;

    @ParameterizedTest
    @ValueSource(strings = {"llama", "llama_tied", "qwen2", "qwen3", "mistral", "gemma2", "phi3"})
    void bothDialectsSayTheSame(String family) {
        Path folder = Shared.require("golden/models/" + family);
        assertThat(HuggingFaceConfig.read(folder.resolve("config.transformers4.json"), null))
                .isEqualTo(HuggingFaceConfig.read(folder.resolve("config.json"), null));
    }

    @Test
    void readsShardsAndConverts() {
        try (TensorSource source = Checkpoint.open(Shared.require("golden/models/qwen3"));
                Tensor weight = source.read("model.embed_tokens.weight", ScalarType.BFloat16);
                Tensor view = source.view("model.embed_tokens.weight", ScalarType.Float)) {
            assertThat(source.config().kvHeads()).isEqualTo(2);
            assertThat(source.shape("model.embed_tokens.weight")).containsExactly(320, 64);
            assertThat(weight.scalar_type().intern()).isEqualTo(ScalarType.BFloat16);
            assertThat(view.sizes().vec().get()).containsExactly(320, 64);
        }
    }

    @Test
    void saysWhatIsMissing() throws IOException {
        assertThatThrownBy(() -> Checkpoint.open(temp.resolve("nowhere")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("no such file or folder");
        assertThatThrownBy(() -> Checkpoint.open(temp)).hasMessageContaining("no config.json");
        Files.writeString(temp.resolve("config.json"), "{\"model_type\": \"mamba\"}");
        assertThatThrownBy(() -> Checkpoint.open(temp))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("'mamba' is not supported; supported are llama, qwen2");
    }

    @Test
    void refusesAnIndexThatPointsOutside() throws IOException {
        Path golden = Shared.require("golden/models/qwen3");
        Files.copy(golden.resolve("config.json"), temp.resolve("config.json"));
        Files.writeString(
                temp.resolve("model.safetensors.index.json"),
                "{\"weight_map\": {\"a\": \"../../../etc/passwd.safetensors\"}}");
        assertThatThrownBy(() -> Checkpoint.open(temp))
                .isInstanceOf(AwlException.class)
                .hasMessageContaining("expected the plain name of a .safetensors file");
    }
}
