package awl.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

final class JsonLinesFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void everyLineOrAReason(byte[] bytes) {
        READINGS.jsonLines(bytes);
    }
}
