package awl.model.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import awl.ConfigException;
import awl.Json;
import awl.Shared;
import awl.token.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The golden tokenizers, sent through GGUF metadata as llama.cpp's converter writes them, tokenize as before.
final class GgufTokenizerTest {

    @TempDir
    Path temp;

    private static JsonNode json(String text) {
        return Json.tree(text.getBytes(StandardCharsets.UTF_8), "test");
    }

    /// @param odd receives added tokens with flags that GGUF cannot express
    private static GgufWriter metadata(JsonNode tokenizer, String pre, List<String> odd) {
        Map<Integer, String> byId = new HashMap<>();
        Map<Integer, Integer> types = new HashMap<>();
        boolean pieces = pre.startsWith("llama-spm");
        tokenizer.at("/model/vocab").properties().forEach(entry -> {
            int id = entry.getValue().intValue();
            byId.put(id, entry.getKey());
            types.put(id, pieces && entry.getKey().matches("<0x[0-9A-F]{2}>") ? 6 : 1);
        });
        for (JsonNode added : tokenizer.get("added_tokens")) {
            int id = added.get("id").intValue();
            String content = added.get("content").textValue();
            byId.put(id, content);
            types.put(id, content.equals("<unk>") ? 2 : added.get("special").booleanValue() ? 3 : 4);
            for (String flag : List.of("lstrip", "rstrip", "single_word", "normalized")) {
                if (added.get(flag).booleanValue()) {
                    odd.add(content);
                }
            }
        }
        List<Object> tokens = new ArrayList<>();
        List<Object> kinds = new ArrayList<>();
        for (int id = 0; id < byId.size(); id++) {
            tokens.add(byId.get(id));
            kinds.add(types.get(id));
        }
        GgufWriter writer = new GgufWriter()
                .metadata("general.architecture", "llama")
                .metadata("tokenizer.ggml.tokens", tokens)
                .metadata("tokenizer.ggml.token_type", kinds);
        List<String> merges = new ArrayList<>();
        tokenizer
                .at("/model/merges")
                .forEach(merge ->
                        merges.add(merge.get(0).textValue() + " " + merge.get(1).textValue()));
        if (!pieces) {
            return writer.metadata("tokenizer.ggml.model", "gpt2")
                    .metadata("tokenizer.ggml.pre", pre)
                    .metadata("tokenizer.ggml.merges", merges);
        }
        Map<Object, Float> scores = new HashMap<>();
        for (int rank = 0; rank < merges.size(); rank++) {
            scores.putIfAbsent(merges.get(rank).replace(" ", ""), -(float) rank);
        }
        return writer.metadata("tokenizer.ggml.model", "llama")
                .metadata("tokenizer.ggml.add_space_prefix", pre.endsWith("prefix"))
                .metadata(
                        "tokenizer.ggml.scores",
                        tokens.stream()
                                .map(token -> (Object) scores.getOrDefault(token, -1e6f))
                                .toList());
    }

    @ParameterizedTest
    @CsvSource({
        "llama3_like, llama-bpe",
        "qwen2_like, qwen2",
        "smollm_like, smollm",
        "sp_bpe_prepend, llama-spm-prefix",
        "sp_bpe_gemma, llama-spm",
    })
    void goldenTokenizersSurviveTheRoundTrip(String name, String pre) throws IOException {
        Path folder = Shared.resource("golden/tokenizer/" + name);
        JsonNode original = json(Files.readString(folder.resolve("tokenizer.json")));
        List<String> odd = new ArrayList<>();
        GgufWriter writer = metadata(original, pre, odd);
        JsonNode first = original.at("/post_processor/special_tokens").isMissingNode()
                ? original.at("/post_processor/processors/1/special_tokens")
                : original.at("/post_processor/special_tokens");
        if (first.isObject()) {
            writer.metadata(
                    "tokenizer.ggml.bos_token_id",
                    first.elements().next().get("ids").get(0).intValue());
        }
        Path file = Files.write(temp.resolve("t.gguf"), writer.bytes());
        List<String> wrong = new ArrayList<>();
        int compared = 0;
        try (HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.of(GgufTokenizer.read(file).tokenizerJson(), "t.gguf")) {
            for (String line : Files.readString(folder.resolve("cases.jsonl")).split("\n")) {
                JsonNode row = json(line);
                String text = row.get("text").textValue();
                String composed = Normalizer.normalize(text, Normalizer.Form.NFC);
                if (odd.stream().anyMatch(composed::contains)) {
                    continue;
                }
                compared++;
                HuggingFaceTokenizer.Detail detail =
                        tokenizer.detail(text, row.get("add_special_tokens").booleanValue());
                if (!Json.write(detail.ids()).equals(row.get("ids").toString())) {
                    wrong.add(Json.write(text) + "\n  expected " + row.get("ids") + "\n  was      "
                            + Json.write(detail.ids()));
                }
                if (!tokenizer
                        .decode(detail.ids(), true)
                        .equals(row.get("decoded_skip_special").textValue())) {
                    wrong.add("decoding of " + Json.write(text));
                }
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(compared).isGreaterThan(200);
    }

    @Test
    @Tag("weights")
    void smolLmTokenizesAsTheGoldenCasesDo() throws IOException {
        Path file = Shared.smolLm2();
        Path golden = Shared.require("golden/smollm2");
        GgufTokenizer read = GgufTokenizer.read(file);
        assertThat(read.tokenizerConfig())
                .containsEntry("eos_token", "<|im_end|>")
                .containsEntry("bos_token", "<|im_start|>")
                .containsEntry("chat_template", read.chatTemplate());
        JsonNode cases = json(Files.readString(golden.resolve("cases.json"))).get("cases");
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(read.tokenizerJson(), file.toString());
                awl.tensor.Safetensors arrays = awl.tensor.Safetensors.open(golden.resolve("cases.safetensors"));
                awl.tensor.TensorScope scope = awl.tensor.TensorScope.open()) {
            for (JsonNode each : cases) {
                for (String[] pair : new String[][] {{"text", "input_ids"}, {"prompt", "prompt_ids"}}) {
                    var expected = arrays.view(each.get("name").textValue() + "." + pair[1]);
                    int[] ids = tokenizer.encode(each.get(pair[0]).textValue(), true);
                    assertThat(ids).hasSize((int) expected.numel());
                    for (int t = 0; t < ids.length; t++) {
                        assertThat(expected.select(0, t).item_long()).isEqualTo(ids[t]);
                    }
                }
            }
            assertThat(cases.size()).isGreaterThanOrEqualTo(6);
        }
    }

    @Test
    void whatCannotBeSaidInATokenizerJsonIsRefusedByName() throws IOException {
        GgufWriter base = new GgufWriter()
                .metadata("general.architecture", "llama")
                .metadata("tokenizer.ggml.model", "gpt2")
                .metadata("tokenizer.ggml.tokens", List.of("a", "b", "a"))
                .metadata("tokenizer.ggml.merges", List.of("a b"));
        assertThatThrownBy(() -> GgufTokenizer.read(write(base)))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("tokens 0 and 2 are both 'a'");
        base.metadata("tokenizer.ggml.tokens", List.of("a", "b", "ab")).metadata("tokenizer.ggml.pre", "mystery");
        assertThatThrownBy(() -> GgufTokenizer.read(write(base)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("'mystery' is not supported; supported are");
        base.metadata("tokenizer.ggml.pre", "gpt-2").metadata("tokenizer.ggml.merges", List.of("ab"));
        assertThatThrownBy(() -> GgufTokenizer.read(write(base)))
                .hasMessageContaining("expected two tokens and a space between them, found 'ab'");
        base.metadata("tokenizer.ggml.token_type", List.of(1));
        assertThatThrownBy(() -> GgufTokenizer.read(write(base))).hasMessageContaining("3 tokens but 1 token types");
        base.metadata("tokenizer.ggml.model", "bert");
        assertThatThrownBy(() -> GgufTokenizer.read(write(base))).isInstanceOf(CheckpointException.class);
        assertThatThrownBy(() -> GgufTokenizer.read(write(new GgufWriter().metadata("a", 1))))
                .hasMessageContaining("tokenizer.ggml.model is missing");
    }

    private Path write(GgufWriter writer) throws IOException {
        return Files.write(temp.resolve("t.gguf"), writer.bytes());
    }
}
