package awl.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import awl.train.StopSignal;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The whole way of `awl quickstart`, every stage as short as it can be: what is learned is nothing, what is left on
/// disk is all that the real run leaves.
final class QuickstartTest {

    @TempDir
    Path folder;

    @Test
    void aRunThatWasEndedTwiceLeavesWhatAWholeRunLeaves() throws Exception {
        Path whole = folder.resolve("whole");
        Run run = new Run(whole);
        assertThat(run.code()).isZero();
        assertThat(run.said()).contains("[11/11] report", "pairs", "report: ").doesNotContain("done before");
        assertThat(Files.readString(whole.resolve("report.html")))
                .contains("<section id=\"results\"", "<section id=\"training\"", ">J_WKD<", ">J_hard<", ">preferred<")
                .contains("training row", "Rows of training", "J_Mix");

        // Ended in the middle of the first training and before the last stages: what was there is not made again.
        Path resumed = folder.resolve("resumed");
        StopSignal stop = new StopSignal();
        stop.request();
        assertThat(new Run(resumed, stop).code()).isNotZero();
        assertThat(resumed.resolve("base/model")).doesNotExist();
        assertThat(resumed.resolve("bootstrap-held.jsonl")).exists();
        Run second = new Run(resumed);
        assertThat(second.code()).isZero();
        assertThat(second.said()).contains("an untrained model: done before");
        Map<String, String> expected = files(whole);
        assertThat(files(resumed)).isEqualTo(expected);

        for (String late : List.of("evaluation-mixed.jsonl", "report.html", "pairs.jsonl", "difficulty.jsonl")) {
            Files.delete(resumed.resolve(late));
        }
        Run third = new Run(resumed);
        assertThat(third.said()).contains("(AWL): done before", "to be ranked: done before");
        assertThat(files(resumed)).isEqualTo(expected);
    }

    @Test
    void otherNumbersInAFolderAreRefused() throws Exception {
        Files.writeString(folder.resolve("quickstart.json"), "{\"seed\": 2}");
        assertThatThrownBy(() -> new Run(folder).code())
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("begun with other numbers")
                .hasMessageContaining("quickstart.json");
    }

    /// What stages leave and does not depend on the clock.
    private static Map<String, String> files(Path run) throws Exception {
        Map<String, String> files = new LinkedHashMap<>();
        try (Stream<Path> found = Files.list(run)) {
            for (Path file : found.filter(each -> each.toString().endsWith(".jsonl"))
                    .filter(each -> !each.endsWith("stages.jsonl"))
                    .sorted()
                    .toList()) {
                files.put(file.getFileName().toString(), Files.readString(file));
            }
        }
        return files;
    }

    private static final class Run {
        private final ByteArrayOutputStream said = new ByteArrayOutputStream();
        private final int code;

        Run(Path output) {
            this(output, new StopSignal());
        }

        Run(Path output, StopSignal stop) {
            PrintStream out = new PrintStream(said, true, StandardCharsets.UTF_8);
            code = new Quickstart(QuickstartPlan.tiny(1), output, stop, out).run(1);
        }

        int code() {
            return code;
        }

        String said() {
            return said.toString(StandardCharsets.UTF_8);
        }
    }
}
