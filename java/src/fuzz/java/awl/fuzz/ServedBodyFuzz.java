package awl.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

final class ServedBodyFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void aPromptOrAReason(byte[] bytes) {
        READINGS.servedBody(bytes);
    }
}
