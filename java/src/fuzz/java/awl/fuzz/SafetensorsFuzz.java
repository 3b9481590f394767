package awl.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

final class SafetensorsFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void everyTensorOrAReason(byte[] bytes) {
        READINGS.safetensors(bytes);
    }
}
