package awl.fuzz;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

final class TokenizerFileFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void aTokenizerOrAReason(FuzzedDataProvider data) {
        READINGS.tokenizer(data.consumeRemainingAsString());
    }
}
