package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import awl.model.Checkpoint;
import awl.model.PeftAdapter;
import awl.model.TensorSource;
import awl.tensor.TensorScope;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `awl export` and `awl convert`.
final class ExportCommandsTest {

    private static final Path BASE = Shared.resource("golden/models/llama");

    @TempDir
    Path temp;

    @Test
    void mergesAnAdapter() {
        Path out = temp.resolve("merged");
        assertThat(run("export", "--model", BASE, "--adapter", BASE.resolve("lora"), "--output", out))
                .isEqualTo("0: ");
        try (TensorScope scope = TensorScope.open();
                TensorSource before = Checkpoint.open(BASE);
                TensorSource after = Checkpoint.open(out)) {
            String adapted = "model.layers.1.mlp.up_proj.weight";
            String plain = "model.embed_tokens.weight";
            assertThat(after.read(adapted, ScalarType.Float).equal(before.read(adapted, ScalarType.Float)))
                    .isFalse();
            assertThat(after.read(plain, ScalarType.Float).equal(before.read(plain, ScalarType.Float)))
                    .isTrue();
            assertThat(after.config()).isEqualTo(before.config());
        }
        assertThat(run("export", "--model", BASE, "--output", out))
                .startsWith("2: awl: ")
                .contains("not empty")
                .contains("--overwrite");
        assertThat(run("export", "--model", BASE, "--output", out, "--overwrite", "--precision", "bf16"))
                .isEqualTo("0: ");
        try (TensorSource after = Checkpoint.open(out)) {
            assertThat(after.config().dtype()).isEqualTo("bfloat16");
        }
    }

    @Test
    void writesTheAdapterAlone() {
        Path out = temp.resolve("adapter");
        assertThat(run("export", "--model", BASE, "--adapter", BASE.resolve("lora"), "--adapter-only", "--output", out))
                .isEqualTo("0: ");
        try (PeftAdapter before = PeftAdapter.open(BASE.resolve("lora"));
                PeftAdapter after = PeftAdapter.open(out)) {
            assertThat(after.config()).isEqualTo(before.config());
            assertThat(after.modules()).isEqualTo(before.modules());
            assertThat(after.baseModel()).isEqualTo("example/llama");
        }
    }

    @Test
    void mistakesAreTheUsers() throws IOException {
        Path out = temp.resolve("out");
        assertThat(run("export", "--model", BASE, "--output", out, "--precision", "fp8"))
                .startsWith("2: ")
                .contains("expected fp32 or bf16, found 'fp8'");
        assertThat(run("export", "--model", BASE, "--output", out, "--adapter-only"))
                .startsWith("2: ")
                .contains("--adapter DIR");
        assertThat(run("export", "--model", temp.resolve("none"), "--output", out))
                .startsWith("2: ")
                .contains("no such file or folder");
        assertThat(run("convert", BASE, out)).startsWith("2: ").contains("expected a .gguf file");
        Path text = Files.writeString(temp.resolve("x.gguf"), "not a model, but long enough to be looked at");
        assertThat(run("convert", text, out)).startsWith("2: ").contains("x.gguf: not a GGUF file");
        Path folder = Files.createDirectory(temp.resolve("same"));
        assertThat(run("export", "--model", folder, "--output", folder))
                .startsWith("2: ")
                .contains("is what is read from");
        assertThat(out).doesNotExist();
        try (var files = Files.list(temp)) {
            assertThat(files).hasSize(2);
        }
    }

    @Test
    @Tag("weights")
    void convertsARealModel() throws IOException {
        Path file = Shared.smolLm2();
        Path out = temp.resolve("smollm2");
        assertThat(run("convert", file, out)).isEqualTo("0: ");
        assertThat(out.toFile().list())
                .containsExactlyInAnyOrder(
                        "config.json",
                        "generation_config.json",
                        "model.safetensors",
                        "tokenizer.json",
                        "tokenizer_config.json",
                        "chat_template.jinja");
        try (TensorScope scope = TensorScope.open();
                TensorSource before = Checkpoint.open(file);
                TensorSource after = Checkpoint.open(out)) {
            assertThat(after.config()).isEqualTo(before.config());
            for (String name : before.names()) {
                try (var one = before.read(name, ScalarType.Float);
                        var other = after.view(name, ScalarType.Float)) {
                    assertThat(one.equal(other)).as(name).isTrue();
                }
            }
        }
    }

    /// Exit code, a colon, and what went to standard error.
    private static String run(Object... arguments) {
        String[] words = new String[arguments.length];
        for (int i = 0; i < words.length; i++) {
            words[i] = arguments[i].toString();
        }
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            return Main.execute(words) + ": " + said.toString(StandardCharsets.UTF_8);
        } finally {
            System.setErr(before);
        }
    }
}
