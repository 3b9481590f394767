package awl.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import awl.ConfigException;
import awl.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointTextTest {

    @TempDir
    Path folder;

    private void config(String json) throws IOException {
        Files.writeString(folder.resolve("tokenizer_config.json"), json);
    }

    private static String text(CheckpointText checkpoint, boolean tools) {
        return checkpoint
                .template(tools)
                .orElseThrow()
                .render(ChatTemplate.Request.of(java.util.List.of(), false))
                .text();
    }

    @Test
    void specialTokensAreStringsOrObjects() throws IOException {
        Files.writeString(
                folder.resolve("special_tokens_map.json"), "{\"bos_token\": \"<old>\", \"pad_token\": \"<p>\"}");
        config(
                "{\"bos_token\": {\"content\": \"<s>\", \"lstrip\": false}, \"eos_token\": \"</s>\", \"unk_token\": null,"
                        + " \"add_bos_token\": true}");
        try (CheckpointText checkpoint = CheckpointText.folder(folder)) {
            assertThat(checkpoint.specialTokens())
                    .containsOnly(
                            java.util.Map.entry("bos_token", "<s>"),
                            java.util.Map.entry("eos_token", "</s>"),
                            java.util.Map.entry("pad_token", "<p>"));
            assertThat(checkpoint.template(false)).isEmpty();
        }
    }

    @Test
    void templates() throws IOException {
        config("{\"chat_template\": [{\"name\": \"default\", \"template\": \"plain\"},"
                + " {\"name\": \"tool_use\", \"template\": \"tools\"}]}");
        try (CheckpointText checkpoint = CheckpointText.folder(folder)) {
            assertThat(text(checkpoint, false)).isEqualTo("plain");
            assertThat(text(checkpoint, true)).isEqualTo("tools");
        }
        Files.writeString(folder.resolve("chat_template.jinja"), "file");
        try (CheckpointText checkpoint = CheckpointText.folder(folder)) {
            assertThat(text(checkpoint, false)).isEqualTo("file");
        }
        config("{\"chat_template\": \"one\"}");
        Files.delete(folder.resolve("chat_template.jinja"));
        try (CheckpointText checkpoint = CheckpointText.folder(folder)) {
            assertThat(text(checkpoint, true)).isEqualTo("one");
        }
    }

    @Test
    void whatIsMissingIsNamedWhenItIsAskedFor() throws IOException {
        config("{\"chat_template\": 3}");
        try (CheckpointText checkpoint = CheckpointText.folder(folder)) {
            assertThatThrownBy(checkpoint::tokenizer)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("there is no tokenizer.json");
            assertThatThrownBy(() -> checkpoint.template(false))
                    .hasMessageContaining("chat_template: expected a string or a list");
        }
        assertThatThrownBy(() -> CheckpointText.folder(folder.resolve("none"))).isInstanceOf(ConfigException.class);
    }

    /// The prompt's ids are those of inference; the completion and the token that ends the text are learned.
    @ParameterizedTest
    @ValueSource(strings = {"llama3_like", "qwen2_like", "sp_bpe_prepend", "sp_bpe_gemma"})
    void completions(String name) {
        try (CheckpointText checkpoint =
                CheckpointText.folder(Shared.resource("golden/tokenizer").resolve(name))) {
            Renderer renderer = checkpoint.renderer(false);
            HuggingFaceTokenizer tokenizer = checkpoint.tokenizer();
            for (String prompt : new String[] {"The value is", "The value is ", "retur", "a\n"}) {
                for (String completion : new String[] {" 42", "n 42", "\n\nyes", ""}) {
                    Rendered rendered = renderer.completion(prompt, completion);
                    int[] head = tokenizer.encode(prompt, true);
                    assertThat(rendered.ids()).startsWith(head);
                    for (int t = 0; t < rendered.ids().length; t++) {
                        assertThat(rendered.weights()[t]).isEqualTo(t < head.length ? 0f : 1f);
                    }
                    assertThat(rendered.ids()[rendered.ids().length - 1])
                            .isEqualTo(tokenizer.idOf(
                                    String.valueOf(checkpoint.specialTokens().get("eos_token"))));
                }
            }
        }
    }
}
