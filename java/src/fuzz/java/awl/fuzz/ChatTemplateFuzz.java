package awl.fuzz;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.code_intelligence.jazzer.junit.FuzzTest;

final class ChatTemplateFuzz {

    private static final Readings READINGS = Readings.inTemporaryFolder();

    @FuzzTest
    void everyTemplateEnds(FuzzedDataProvider data) {
        READINGS.chatTemplate(data.consumeRemainingAsString());
    }
}
