package awl.train;

import static org.assertj.core.api.Assertions.assertThat;

import awl.data.SplitMix;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Stopping anywhere, by any means, and resuming gives the weights, moments and metrics of a run that never
/// stopped.
final class ResumeTest {

    private static final long STEPS = 60;

    @TempDir
    Path folder;

    private static PrintStream quiet() {
        return new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
    }

    private Path straight() {
        Path run = folder.resolve("straight");
        assertThat(TinyRun.run(run, STEPS, 1e-2, new StopSignal(), quiet(), TinyRun.Pause.NONE))
                .isEqualTo(Trainer.End.FINISHED);
        return run;
    }

    /// The same tensors, bit for bit, and the same metrics but for the clock.
    static void assertSame(Path run, Path straight) throws IOException {
        Path last = Path.of("checkpoints", "step-" + STEPS);
        for (String file : List.of("tensors.safetensors", "state.json", "manifest.json")) {
            assertThat(run.resolve(last).resolve(file))
                    .hasSameBinaryContentAs(straight.resolve(last).resolve(file));
        }
        assertThat(metrics(run)).hasSize((int) STEPS).isEqualTo(metrics(straight));
        assertThat(run.resolve("validation.jsonl")).hasSameBinaryContentAs(straight.resolve("validation.jsonl"));
    }

    private static List<String> metrics(Path run) throws IOException {
        JsonMapper json = new JsonMapper();
        List<String> lines = new java.util.ArrayList<>();
        for (String line : Files.readAllLines(run.resolve("metrics.jsonl"))) {
            ObjectNode node = (ObjectNode) json.readTree(line);
            node.remove(List.of("seconds", "tokens_per_second", "peak_memory"));
            lines.add(node.toString());
        }
        return lines;
    }

    @Test
    void theSameRunTwiceGivesTheSameBits() throws IOException {
        Path straight = straight();
        Path again = folder.resolve("again");
        TinyRun.run(again, STEPS, 1e-2, new StopSignal(), quiet(), TinyRun.Pause.NONE);
        assertSame(again, straight);
        List<String> lines = metrics(straight);
        assertThat(loss(lines.getLast())).isLessThan(loss(lines.getFirst()) / 2);
    }

    private static double loss(String line) throws IOException {
        return new JsonMapper().readTree(line).path("loss").asDouble();
    }

    @Test
    void stoppingAtABorderAndResuming() throws IOException {
        Path straight = straight();
        for (int at : new int[] {1, 10, 14, 59}) {
            Path run = folder.resolve("stopped" + at);
            StopSignal stop = new StopSignal();
            Trainer.End end = TinyRun.run(run, STEPS, 1e-2, stop, quiet(), step -> {
                if (step == at) {
                    stop.request();
                }
            });
            assertThat(end).isEqualTo(Trainer.End.STOPPED);
            assertThat(run.resolve("checkpoints/step-" + at)).isDirectory();
            TinyRun.run(run, STEPS, 1e-2, new StopSignal(), quiet(), TinyRun.Pause.NONE);
            assertSame(run, straight);
        }
    }

    @Test
    void anErrorInTheMiddleOfAStepLosesNothing() throws IOException {
        Path run = folder.resolve("failed");
        for (int at : new int[] {1, 23, 5}) { // counted from each start
            try {
                TinyRun.run(run, STEPS, 1e-2, new StopSignal(), quiet(), step -> {
                    if (step == at) {
                        throw new IllegalStateException("power cut");
                    }
                });
            } catch (IllegalStateException e) {
                assertThat(e).hasMessage("power cut");
            }
        }
        TinyRun.run(run, STEPS, 1e-2, new StopSignal(), quiet(), TinyRun.Pause.NONE);
        assertSame(run, straight());
    }

    @Test
    void aDamagedNewestCheckpointIsPassedOver() throws IOException {
        Path straight = straight();
        Path run = folder.resolve("damaged");
        StopSignal stop = new StopSignal();
        TinyRun.run(run, STEPS, 1e-2, stop, quiet(), step -> {
            if (step == 30) {
                stop.request();
            }
        });
        Runs.flip(run.resolve("checkpoints/step-30/tensors.safetensors"), -9);

        ByteArrayOutputStream said = new ByteArrayOutputStream();
        TinyRun.run(
                run,
                STEPS,
                1e-2,
                new StopSignal(),
                new PrintStream(said, true, StandardCharsets.UTF_8),
                TinyRun.Pause.NONE);

        assertThat(said.toString(StandardCharsets.UTF_8)).contains("step-30 is damaged", "resuming behind step 28");
        assertSame(run, straight);
    }

    @Test
    void killedAtRandomMomentsAndResumed() throws Exception {
        Path run = folder.resolve("killed");
        SplitMix random = new SplitMix(System.nanoTime());
        int kills = 0;
        while (true) {
            Process child = child(run);
            try {
                // A JVM may have something to say before (JAVA_TOOL_OPTIONS).
                assertThat(child.inputReader().lines().takeWhile(line -> !line.equals("ready")))
                        .allMatch(line -> line.startsWith("Picked up "));
                if (kills == 4) {
                    child.inputReader().lines().forEach(line -> {});
                    assertThat(child.waitFor()).isZero();
                    break;
                }
                child.waitFor(400 + random.below(900), TimeUnit.MILLISECONDS);
            } finally {
                child.destroyForcibly().waitFor();
            }
            kills++;
        }
        assertSame(run, straight());
    }

    @Test
    void termMeansCheckpointThenExit143() throws Exception {
        Path run = folder.resolve("terminated");
        Process child = child(run, "100000");
        try {
            assertThat(child.inputReader().lines().anyMatch(line -> line.startsWith("step ")))
                    .isTrue();
            child.toHandle().destroy(); // TERM; Process.destroy would close our end of the output as well
            List<String> said = child.inputReader().lines().toList();
            assertThat(child.waitFor()).isEqualTo(143);
            String stopping = said.stream()
                    .filter(l -> l.startsWith("SIGTERM: stopping behind step "))
                    .findFirst()
                    .orElseThrow();
            assertThat(run.resolve("checkpoints/step-" + stopping.replaceAll("\\D+", ""))
                            .resolve("manifest.json"))
                    .exists();
        } finally {
            child.destroyForcibly().waitFor();
        }
    }

    private static Process child(Path run) throws IOException {
        return child(run, Long.toString(STEPS));
    }

    private static Process child(Path run, String steps) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                        "-Dawl.home=" + awl.Shared.home(),
                        "-XX:+UseSerialGC",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        TinyRun.class.getName(),
                        run.toString(),
                        steps)
                .redirectErrorStream(true)
                .start();
    }
}
