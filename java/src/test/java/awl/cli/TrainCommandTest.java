package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrainCommandTest {

    @TempDir
    Path folder;

    private record Ended(int exitCode, String said) {}

    private static Ended awl(String... arguments) {
        PrintStream before = System.err;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            return new Ended(Main.execute(arguments), said.toString(StandardCharsets.UTF_8));
        } finally {
            System.setErr(before);
        }
    }

    private Path config(String rows) throws IOException {
        Path data = Files.writeString(folder.resolve("rows.jsonl"), rows);
        return Files.writeString(folder.resolve("run.yaml"), """
                model: {path: %s}
                lora: {rank: 2}
                data: {train: %s}
                train: {steps: 2, batch_size: 2}
                output: %s
                """.formatted(
                        Shared.resource("golden/models/llama"), data, folder.resolve("run")));
    }

    @Test
    void trainsOnReadyTokensWithoutATokenizer() throws IOException {
        Path config =
                config("{\"ids\": [1, 5, 6], \"weights\": [0, 1, 1]}\n{\"ids\": [1, 7], \"weights\": [0, 0.5]}\n");
        Ended run = awl("train", "--config", config.toString(), "--set", "train.steps=3", "--threads", "1");
        assertThat(run.exitCode()).as(run.said()).isZero();
        assertThat(run.said()).contains("step 3/3: loss ");
        assertThat(Files.readAllLines(folder.resolve("run/metrics.jsonl"))).hasSize(3);
        assertThat(folder.resolve("run/adapter/adapter_config.json")).exists();
    }

    @Test
    void aFinishedRunIsComparedAndSentToTrackers() throws IOException {
        Path config = config("{\"ids\": [1, 5, 6], \"weights\": [0, 1, 1]}\n");
        assertThat(awl("train", "--config", config.toString(), "--threads", "1").exitCode())
                .isZero();
        String run = folder.resolve("run").toString();
        for (int twice = 0; twice < 2; twice++) {
            Ended tracked = awl("track", run, "--tensorboard");
            assertThat(tracked.exitCode()).as(tracked.said()).isZero();
        }
        try (var files = Files.list(folder.resolve("run/tensorboard"))) {
            assertThat(files).singleElement().asString().contains("events.out.tfevents.");
        }
        assertThat(awl("track", run).said()).contains("expected --mlflow URI or --tensorboard");
        Path page = folder.resolve("runs.html");
        assertThat(awl("compare", run, "--output", page.toString()).exitCode()).isZero();
        assertThat(page).content().contains("Training loss");
        assertThat(awl("compare", folder.toString(), "--output", "x.pdf").exitCode())
                .isEqualTo(2);
        assertThat(awl("slurm", "--nodes", "2").exitCode()).isEqualTo(2);
    }

    @Test
    void theUsersMistakesEndWithTwoAndALine() throws IOException {
        Path config = config("{\"ids\": [1, 5, 6], \"weights\": [0, 1]}\n");
        Ended data = awl("train", "--config", config.toString());
        assertThat(data.exitCode()).isEqualTo(2);
        assertThat(data.said())
                .contains("rows.jsonl:1: weights: expected 3 numbers")
                .doesNotContain("\tat ");

        Ended typo = awl("train", "--config", config.toString(), "--set", "train.stepz=3");
        assertThat(typo.exitCode()).isEqualTo(2);
        assertThat(typo.said()).contains("did you mean train.steps?");

        Ended rate = awl("train", "--config", config.toString(), "--set", "optimizer.learning_rate=3");
        assertThat(rate.said()).contains("did you mean optimizer.lr?");

        Ended model = awl("train", "--config", config.toString(), "--set", "model.path=/nowhere");
        assertThat(model.exitCode()).isEqualTo(2);
        assertThat(model.said()).contains("run.yaml: model.path: /nowhere is not there");

        Ended missing = awl("train", "--config", folder.resolve("none.yaml").toString());
        assertThat(missing.exitCode()).isEqualTo(2);
    }
}
