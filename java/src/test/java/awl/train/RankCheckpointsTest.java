package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Checkpoints of several ranks: the same file however the state is spread, and one that any number of ranks goes on
/// with.
final class RankCheckpointsTest {

    @TempDir
    Path temp;

    private RankRuns runs() {
        return new RankRuns(temp);
    }

    /// Names, shapes and places are the same always; with one micro-batch a rank and no clipping also every bit.
    @Test
    void aCheckpointIsTheSameFileForAnyZero() throws IOException {
        String[] numbers = {"train.steps=3", "data.packing=false", "train.clip_norm=0", "model.precision=bf16"};
        runs().run(1, runs().config("one", "plain", numbers), false);
        for (int zero = 0; zero <= 2; zero++) {
            runs().run(2, runs().config("zero" + zero, "plain", RankRuns.more(numbers, "train.zero=" + zero)), false);
        }
        assertThat(header("zero0")).isEqualTo(header("one")).contains("optimizer.master.");
        for (String other : List.of("zero1", "zero2")) {
            assertThat(tensors(other)).hasSameBinaryContentAs(tensors("zero0"));
        }
    }

    private Path tensors(String name) {
        return temp.resolve(name).resolve("checkpoints/step-3/tensors.safetensors");
    }

    private String header(String name) throws IOException {
        try (DataInputStream in = new DataInputStream(Files.newInputStream(tensors(name)))) {
            return new String(in.readNBytes((int) Long.reverseBytes(in.readLong())), StandardCharsets.UTF_8);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"0121", "2210"})
    void aCheckpointGoesOnWithAnyNumberOfRanks(String zeros) throws IOException {
        runs().run(1, runs().config("straight", "plain"), false);
        int[] ranks = {1, 2, 4, 1};
        for (int part = 0; part < ranks.length; part++) {
            TrainConfig config = runs().config(
                            "elastic",
                            "plain",
                            "train.steps=" + 3 * (part + 1),
                            "train.zero=" + zeros.charAt(part),
                            "checkpoint.every=3");
            assertThat(runs().run(ranks[part], config, part > 0)).isZero();
        }
        List<JsonNode> lines = runs().metrics("elastic", "metrics.jsonl");
        List<JsonNode> expected = runs().metrics("straight", "metrics.jsonl");
        assertThat(lines).hasSize(12);
        for (int i = 0; i < 12; i++) {
            for (String key : List.of("loss", "gradient_norm")) {
                assertThat(lines.get(i).path(key).asDouble())
                        .isCloseTo(expected.get(i).path(key).asDouble(), within(2e-5));
            }
        }
    }

    /// All ranks pass over the same checkpoint, whatever each has read of it.
    @ParameterizedTest
    @ValueSource(ints = {0, 2})
    void aDamagedCheckpointIsPassedOverByAllRanks(int zero) throws IOException {
        runs().run(2, runs().config("straight", "plain", "train.zero=" + zero), false);
        runs().run(2, runs().config("damaged", "plain", "train.zero=" + zero, "train.steps=8"), false);
        Runs.flip(temp.resolve("damaged/checkpoints/step-8/tensors.safetensors"), -9);
        runs().run(2, runs().config("damaged", "plain", "train.zero=" + zero), true);
        assertThat(temp.resolve("damaged/log-rank1.txt")).content().contains("step-8 is damaged", "behind step 4");
        Path last = Path.of("checkpoints/step-12/tensors.safetensors");
        assertThat(temp.resolve("damaged").resolve(last))
                .hasSameBinaryContentAs(temp.resolve("straight").resolve(last));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void bf16MastersAreSharedOutToo(int zero) throws IOException {
        runs().run(2, runs().config("whole", "plain", "model.precision=bf16"), false);
        runs().run(2, runs().config("shares", "plain", "model.precision=bf16", "train.zero=" + zero), false);
        runs().assertSameCurve("shares", "whole");
        runs().run(
                        4,
                        runs().config(
                                        "shares",
                                        "plain",
                                        "model.precision=bf16",
                                        "train.zero=" + zero,
                                        "train.steps=16"),
                        true);
        runs().run(2, runs().config("whole", "plain", "model.precision=bf16", "train.steps=16"), true);
        assertThat(runs().metrics("shares", "metrics.jsonl")
                        .getLast()
                        .path("loss")
                        .asDouble())
                .isCloseTo(
                        runs().metrics("whole", "metrics.jsonl")
                                .getLast()
                                .path("loss")
                                .asDouble(),
                        within(1e-3));
    }
}
