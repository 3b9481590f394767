package awl.fuzz;

import awl.token.HuggingFaceTokenizer;
import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

final class TokenizerFileFuzz {

    @FuzzTest
    void aTokenizerOrAReason(FuzzedDataProvider data) {
        String json = data.consumeRemainingAsString();
        Hostile.read(() -> {
            try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json, "tokenizer.json")) {
                tokenizer.encode("6 * 7 = 42", true);
            }
        });
    }
}
