package awl.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

final class ConfigFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void aConfigurationOrAReason(byte[] bytes) {
        READINGS.configuration(bytes);
    }
}
