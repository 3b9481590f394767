package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunFolderTest {

    @TempDir
    Path folder;

    private static StepReport report(long step) {
        return new StepReport(step, 0, 2.0, 1e-3, 1.0, 100, 25, 0.5, 1 << 20, null, null, java.util.Map.of());
    }

    @Test
    void twoRunsOnOneFolderAreRefused() {
        try (RunFolder first = RunFolder.open(folder)) {
            assertThatThrownBy(() -> RunFolder.open(folder))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining(first.path() + ": another run is at work in this folder");
        }
        RunFolder.open(folder).close();
    }

    @Test
    void aFolderThatCannotBeMadeIsTheUsersMistake() throws IOException {
        Path file = Files.writeString(folder.resolve("file"), "");
        assertThatThrownBy(() -> RunFolder.open(file.resolve("run"))).isInstanceOf(ConfigException.class);
    }

    @Test
    void continuingKeepsEachStepOnceAndDropsACutLine() throws IOException {
        Path metrics = folder.resolve("metrics.jsonl");
        try (RunFolder run = RunFolder.open(folder)) {
            run.continueAfter(-1);
            for (int s = 1; s <= 5; s++) {
                run.report(report(s));
            }
        }
        Files.writeString(metrics, "{\"step\": 6, \"lo", StandardOpenOption.APPEND);
        try (RunFolder run = RunFolder.open(folder)) {
            run.continueAfter(3);
            run.report(report(4));
        }
        assertThat(Files.readAllLines(metrics))
                .extracting(line -> line.substring(0, 10))
                .containsExactly("{\"step\":1,", "{\"step\":2,", "{\"step\":3,", "{\"step\":4,");
        assertThat(Files.readAllLines(metrics).getFirst())
                .isEqualTo(
                        "{\"step\":1,\"epoch\":0,\"loss\":2.0,\"learning_rate\":0.001,\"gradient_norm\":1.0,\"tokens\":100,"
                                + "\"learned_tokens\":25,\"seconds\":0.5,\"tokens_per_second\":200.0,\"peak_memory\":1048576}");
    }
}
