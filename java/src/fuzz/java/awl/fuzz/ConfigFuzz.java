package awl.fuzz;

import awl.model.HuggingFaceConfig;
import awl.train.ConfigFile;
import com.code_intelligence.jazzer.junit.FuzzTest;
import java.util.List;

final class ConfigFuzz {

    @FuzzTest
    void aConfigurationOrAReason(byte[] bytes) {
        Hostile.read(() -> HuggingFaceConfig.read(Hostile.file(bytes, "config.json"), null));
        Hostile.read(() -> ConfigFile.read(Hostile.file(bytes, "run.yaml"), List.of()));
    }
}
