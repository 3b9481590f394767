package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.Shared;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Real processes over Gloo: what two ranks compute, and what the living do when one dies.
final class LaunchCommandTest {

    private static final JsonMapper JSON = new JsonMapper();
    private static final long NAMED_WITHIN_SECONDS = 30;

    @TempDir
    Path folder;

    private Path config(String name, String more) throws IOException {
        StringBuilder rows = new StringBuilder();
        for (int i = 0; i < 9; i++) {
            List<Integer> ids = new ArrayList<>();
            List<Integer> weights = new ArrayList<>();
            for (int t = 0; t < 3 + 2 * i; t++) {
                ids.add(1 + (31 * i + 7 * t) % 300);
                weights.add(t == 0 ? 0 : 1);
            }
            rows.append("{\"ids\": %s, \"weights\": %s}\n".formatted(ids, weights));
        }
        Path data = Files.writeString(folder.resolve("rows.jsonl"), rows);
        return Files.writeString(folder.resolve(name + ".yaml"), """
                model: {path: %s}
                data: {train: %s, validation: %s}
                train: {batch_size: 4, %s}
                optimizer: {lr: 1.0e-3}
                schedule: {type: constant}
                output: %s
                """.formatted(
                        Shared.resource("golden/models/llama"), data, data, more, folder.resolve(name)));
    }

    private static ProcessBuilder awl(String... arguments) {
        List<String> line = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-Dawl.home=" + Shared.home(),
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                Main.class.getName()));
        line.addAll(List.of(arguments));
        return new ProcessBuilder(line);
    }

    private record Ended(int code, String said) {}

    private Ended ended(ProcessBuilder builder) throws Exception {
        Path said = Files.createTempFile(folder, "said", ".txt");
        Process process =
                builder.redirectErrorStream(true).redirectOutput(said.toFile()).start();
        try {
            assertThat(process.waitFor(90, TimeUnit.SECONDS))
                    .as("it ends: %s", Files.readString(said))
                    .isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        return new Ended(process.exitValue(), Files.readString(said));
    }

    private List<JsonNode> metrics(String name) throws IOException {
        List<JsonNode> lines = new ArrayList<>();
        for (String line : Files.readAllLines(folder.resolve(name).resolve("metrics.jsonl"))) {
            lines.add(JSON.readTree(line));
        }
        return lines;
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2})
    void twoProcessesGiveTheCurveOfOneAndTheSameBitsTwice(int zero) throws Exception {
        assertThat(Main.execute(
                        "train",
                        "--threads",
                        "1",
                        "--config",
                        config("one", "steps: 8").toString()))
                .isZero();
        for (String name : List.of("two", "again")) {
            Ended two = ended(awl(
                    "launch",
                    "--nproc",
                    "2",
                    "--",
                    "train",
                    "--config",
                    config(name, "steps: 8, zero: " + zero).toString()));
            assertThat(two.code()).as(two.said()).isZero();
            assertThat(two.said()).contains("2 ranks of ", "step 8/8: loss ", "done: ");
        }
        List<JsonNode> one = metrics("one");
        List<JsonNode> two = metrics("two");
        assertThat(two).hasSize(8);
        for (int step = 0; step < 8; step++) {
            for (String key : List.of("loss", "gradient_norm", "tokens", "learned_tokens")) {
                double expected = one.get(step).path(key).asDouble();
                assertThat(two.get(step).path(key).asDouble())
                        .as("%s of step %d", key, step + 1)
                        .isCloseTo(expected, within(2e-5 * Math.max(1, expected)));
            }
        }
        for (String file : List.of("model/model.safetensors", "checkpoints/step-8/tensors.safetensors")) {
            assertThat(folder.resolve("two").resolve(file))
                    .hasSameBinaryContentAs(folder.resolve("again").resolve(file));
        }
    }

    /// Two ranks at work, and what they say.
    private record Pair(List<Process> ranks, List<Path> said) {}

    /// Starts two ranks and waits for their first checkpoint.
    private Pair start(Path config, String... more) throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        Pair pair = new Pair(new ArrayList<>(), new ArrayList<>());
        for (int rank = 0; rank < 2; rank++) {
            List<String> line = new ArrayList<>(List.of("train", "--config", config.toString(), "--threads", "1"));
            line.addAll(List.of("--set", "checkpoint.every=20"));
            line.addAll(List.of(more));
            ProcessBuilder builder = awl(line.toArray(new String[0]));
            builder.environment()
                    .putAll(Map.of(
                            "RANK",
                            Integer.toString(rank),
                            "WORLD_SIZE",
                            "2",
                            "MASTER_ADDR",
                            "127.0.0.1",
                            "MASTER_PORT",
                            Integer.toString(port)));
            pair.said.add(Files.createTempFile(folder, "rank" + rank, ".txt"));
            pair.ranks.add(builder.redirectErrorStream(true)
                    .redirectOutput(pair.said.get(rank).toFile())
                    .start());
        }
        Path checkpoint = folder.resolve("run/checkpoints/step-20");
        for (int i = 0;
                i < 1200 && !Files.exists(checkpoint) && pair.ranks.getFirst().isAlive();
                i++) {
            Thread.sleep(50);
        }
        return pair;
    }

    private static void killAll(Pair pair) throws InterruptedException {
        for (Process rank : pair.ranks) {
            rank.destroyForcibly().waitFor();
        }
    }

    private static List<String> errors(Pair pair) throws IOException {
        return Files.readAllLines(pair.said.getFirst()).stream()
                .filter(line -> line.startsWith("awl: "))
                .toList();
    }

    @Test
    void aRankThatHangsIsNamed() throws Exception {
        Pair pair = start(config("run", "steps: 100000"), "--peer-timeout", "5");
        try {
            long hung = pair.ranks.get(1).pid();
            assertThat(new ProcessBuilder("/bin/sh", "-c", "kill -s STOP " + hung)
                            .start()
                            .waitFor())
                    .isZero();
            assertThat(pair.ranks.getFirst().waitFor(NAMED_WITHIN_SECONDS, TimeUnit.SECONDS))
                    .isTrue();
            assertThat(pair.ranks.getFirst().exitValue()).isEqualTo(1);
            assertThat(errors(pair))
                    .singleElement()
                    .asString()
                    .contains("rank 1 (", "process " + hung, "no sign of life for 5 s");
        } finally {
            killAll(pair);
        }
    }

    @Test
    void aRankThatIsKilledIsNamedAndTheRunGoesOnFromItsCheckpoint() throws Exception {
        Path config = config("run", "steps: 100000");
        Pair pair = start(config);
        List<Process> ranks = pair.ranks;
        try {
            ranks.get(1).destroyForcibly().waitFor();
            assertThat(ranks.getFirst().waitFor(NAMED_WITHIN_SECONDS, TimeUnit.SECONDS))
                    .as("ends within %d s: %s", NAMED_WITHIN_SECONDS, Files.readString(pair.said.getFirst()))
                    .isTrue();
        } finally {
            killAll(pair);
        }
        assertThat(ranks.getFirst().exitValue()).isEqualTo(1);
        assertThat(errors(pair))
                .singleElement()
                .asString()
                .contains("rank 1 (", "process " + ranks.get(1).pid(), "no sign of life");

        long done = metrics("run").size();
        Ended rest = ended(awl(
                "train",
                "--resume",
                "--threads",
                "1",
                "--config",
                config.toString(),
                "--set",
                "train.steps=" + (done + 2)));
        assertThat(rest.code()).as(rest.said()).isZero();
        assertThat(rest.said()).contains("resuming behind step ", "ranks is 1, before it was 2");
        assertThat(metrics("run")).hasSize((int) done + 2);
    }

    @Test
    void theUsersMistakeIsSaidOnceAndEndsWithTwo() throws Exception {
        Path config = config("run", "steps: 8");
        Ended ended = ended(awl(
                "launch",
                "--nproc",
                "2",
                "--max-restarts",
                "3",
                "--",
                "train",
                "--config",
                config.toString(),
                "--set",
                "model.path=/nowhere"));
        assertThat(ended.code()).as(ended.said()).isEqualTo(2);
        assertThat(ended.said())
                .contains("awl: ", "model.path: /nowhere is not there")
                .doesNotContain("start 2");
    }
}
