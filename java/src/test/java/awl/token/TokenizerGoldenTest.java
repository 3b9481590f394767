package awl.token;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import awl.Shared;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Ids, tokens, offsets, special mask and both decodings equal those of the reference library, case by case.
class TokenizerGoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @ParameterizedTest
    @ValueSource(
            strings = {"llama3_like", "qwen2_like", "smollm_like", "sp_bpe_prepend", "sp_bpe_metaspace", "sp_bpe_gemma"
            })
    void equalsTheReference(String name) throws IOException {
        Path folder = Shared.resource("golden/tokenizer").resolve(name);
        List<String> wrong = new ArrayList<>();
        int cases = 0;
        try (HuggingFaceTokenizer tokenizer =
                HuggingFaceTokenizer.of(Files.readString(folder.resolve("tokenizer.json")), name)) {
            for (String line : Files.readString(folder.resolve("cases.jsonl")).split("\n")) {
                JsonNode row = JSON.readTree(line);
                String text = row.get("text").asText();
                boolean special = row.get("add_special_tokens").asBoolean();
                HuggingFaceTokenizer.Detail detail = tokenizer.detail(text, special);
                cases++;
                check(wrong, text, "ids", row.get("ids"), ints(detail.ids()));
                check(wrong, text, "encode", row.get("ids"), ints(tokenizer.encode(text, special)));
                check(wrong, text, "tokens", row.get("tokens"), detail.tokens());
                check(wrong, text, "offsets", row.get("offsets"), codePointOffsets(text, detail));
                check(wrong, text, "mask", row.get("special_tokens_mask"), mask(detail.special()));
                check(wrong, text, "decoded", row.get("decoded"), tokenizer.decode(detail.ids(), false));
                check(wrong, text, "skip", row.get("decoded_skip_special"), tokenizer.decode(detail.ids(), true));
            }
            for (String line : Files.readString(folder.resolve("decode.jsonl")).split("\n")) {
                JsonNode row = JSON.readTree(line);
                int[] ids = JSON.convertValue(row.get("ids"), int[].class);
                cases++;
                check(wrong, line, "decoded", row.get("decoded"), tokenizer.decode(ids, false));
                check(wrong, line, "skip", row.get("decoded_skip_special"), tokenizer.decode(ids, true));
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(cases).isGreaterThan(420);
    }

    private static void check(List<String> wrong, String text, String what, JsonNode expected, Object actual) {
        if (!expected.equals(JSON.valueToTree(actual))) {
            wrong.add("%s of %s:\n  expected %s\n  but was  %s"
                    .formatted(what, Json.write(text), expected, Json.write(actual)));
        }
    }

    private static List<Integer> ints(int[] ids) {
        return Arrays.stream(ids).boxed().toList();
    }

    private static List<Integer> mask(boolean[] special) {
        List<Integer> mask = new ArrayList<>();
        for (boolean flag : special) {
            mask.add(flag ? 1 : 0);
        }
        return mask;
    }

    private static List<List<Integer>> codePointOffsets(String text, HuggingFaceTokenizer.Detail detail) {
        List<List<Integer>> offsets = new ArrayList<>();
        for (int t = 0; t < detail.ids().length; t++) {
            offsets.add(List.of(text.codePointCount(0, detail.start()[t]), text.codePointCount(0, detail.end()[t])));
        }
        return offsets;
    }
}
