package awl.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

final class GgufFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void everyTensorAndTheTokenizerOrAReason(byte[] bytes) {
        READINGS.gguf(bytes);
    }
}
