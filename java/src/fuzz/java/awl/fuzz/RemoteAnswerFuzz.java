package awl.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

final class RemoteAnswerFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void anAnswerOrAReason(byte[] bytes) {
        READINGS.remoteAnswer(bytes);
    }
}
