package awl.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class RunComparisonTest {

    @TempDir
    Path folder;

    private Path run(String name, double rate, String rows, double... losses) throws IOException {
        Path run = Files.createDirectories(folder.resolve(name));
        Files.writeString(run.resolve("config.yaml"), """
                optimizer: {lr: %s, betas: [0.9, 0.95]}
                objective: {type: cross_entropy}
                output: %s
                """.formatted(rate, run));
        StringBuilder metrics = new StringBuilder();
        for (int i = 0; i < losses.length; i++) {
            metrics.append(
                    "{\"step\":%d,\"loss\":%s,\"tokens_per_second\":%d,\"seconds\":0.5,\"peak_memory\":2097152}\n"
                            .formatted(i + 1, losses[i], 100 + i));
        }
        Files.writeString(run.resolve("metrics.jsonl"), metrics + "{\"step\":9,\"lo");
        Files.writeString(run.resolve("validation.jsonl"), "{\"step\":0,\"loss\":3.5}\n{\"step\":2,\"loss\":1.25}\n");
        Path checkpoint = Files.createDirectories(run.resolve("checkpoints/step-2"));
        Files.writeString(checkpoint.resolve("state.json"), "{\"data_fingerprint\": \"sha256:%s\"}".formatted(rows));
        return run;
    }

    @Test
    void lossesSpeedAndWhatDiffersStandSideBySide() throws IOException {
        Path a = run("a", 1e-3, "feedbeef00", 3, 0.5, 1);
        Path b = run("b", 2e-3, "feedbeef00", 3, 2);
        RunComparison comparison = RunComparison.of(List.of(a, b));
        assertThat(comparison.warnings()).isEmpty();
        assertThat(comparison
                        .text()
                        .lines()
                        .map(line -> line.replaceAll(" +", " ").strip()))
                .contains(
                        "run steps last loss best loss validation, last best tokens/s, median peak MiB seconds data",
                        "a 3 1.0000 0.5000 1.2500 1.2500 101 2 1.5 feedbeef",
                        "b 2 2.0000 2.0000 1.2500 1.2500 101 2 1.0 feedbeef",
                        "optimizer.lr 0.001 0.002")
                .noneMatch(line -> line.startsWith("output") || line.contains("betas"));
        assertThat(comparison.markdown()).contains("| optimizer.lr | 0.001 | 0.002 |\n");
        assertThat(comparison.page().toString())
                .contains(
                        "<th scope=\"row\">optimizer.lr</th><td>0.001</td><td>0.002</td>",
                        "Training loss",
                        "<polyline");
    }

    @Test
    void otherRowsAreFlagged() throws IOException {
        RunComparison comparison = RunComparison.of(
                List.of(run("x/mixed", 1e-3, "aaaaaaaaaa", 3, 1), run("y/mixed", 1e-3, "bbbbbbbbbb", 3, 2)));
        assertThat(comparison.warnings()).singleElement().asString().contains("different rows");
        assertThat(comparison.text()).contains("x/mixed", "y/mixed", "! the runs were trained on different rows");
        assertThat(comparison.page().toString()).contains("class=\"flag\"");
    }

    @Test
    void aRunOfTheMethodBringsItsEvaluationAndWhatItTrained() throws IOException {
        Path method = Files.createDirectories(folder.resolve("method"));
        Files.writeString(method.resolve("results.json"), """
                {"models": [{"model": "mixed", "accuracy_none": {"value": 0.5, "low": 0.25, "high": 0.75},
                 "accuracy_optional": {"value": 0.875, "low": 0.5, "high": 1.0}, "accuracy_forced": null,
                 "tool_use_own": {"value": 0.75}, "tool_rate": {"value": 0.125}, "tokens": 12.5}], "comparisons": []}
                """);
        Files.writeString(method.resolve("pipeline.yaml"), "rounds: 1\n");
        run("method/knowledge", 1e-3, "cc", 2, 1);
        run("method/round-1/mixed", 1e-3, "dd", 2, 1);
        String text = RunComparison.of(List.of(method)).text().replaceAll(" +", " ");
        assertThat(text)
                .contains(
                        "method: mixed 50.0 [25.0, 75.0] 87.5 [50.0, 100.0] - 75.0 - 12.5 12.5",
                        "knowledge 2 1.0000",
                        "mixed 2 1.0000");
    }

    @Test
    void aFolderWithoutARunIsTheUsersMistake() {
        assertThatThrownBy(() -> RunComparison.of(List.of(folder)))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(folder + ": expected the folder of a run");
    }
}
