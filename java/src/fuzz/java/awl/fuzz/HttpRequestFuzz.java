package awl.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;

final class HttpRequestFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void everyRequestOrAReason(byte[] bytes) {
        READINGS.httpRequests(bytes);
    }
}
