package awl.track;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ConfigException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Against a server with the contract of the real one; `benchmarks/peers/check_mlflow.py` tries a real one.
final class MlflowTest {

    @TempDir
    Path folder;

    private final FakeMlflow fake;
    private final List<String> notes = java.util.Collections.synchronizedList(new ArrayList<>());

    MlflowTest() throws IOException {
        fake = new FakeMlflow();
    }

    @AfterEach
    void stop() {
        fake.close();
    }

    private MlflowTracker tracker(String uri) {
        MlflowServer server = MlflowServer.of(new TrackConfig.Mlflow(uri, null, "trial"), Map.of());
        return new MlflowTracker(server, facts(), notes::add);
    }

    private RunFacts facts() {
        return new RunFacts(
                folder, "a: 1\n", Map.of("train.seed", "1", "long", "x".repeat(9000)), Map.of("os", "Linux"));
    }

    private static void tell(Tracker tracker, long from, long to) {
        for (long step = from; step <= to; step++) {
            tracker.record(step, Map.of("train/loss", 1.0 / step, "train/norm (all)", 2.0));
        }
    }

    private FakeMlflow.Run run() {
        assertThat(fake.runs).hasSize(1);
        return fake.runs.values().iterator().next();
    }

    private static List<Long> upTo(long last) {
        return LongStream.rangeClosed(1, last).boxed().toList();
    }

    @Test
    void aRunArrivesWhole() {
        MlflowTracker tracker = tracker(fake.uri() + "/");
        tracker.begin(-1);
        tell(tracker, 1, 1700);
        tracker.record(1700, Map.of("validation/loss", 0.5));
        tracker.end(Tracker.End.FINISHED);
        assertThat(notes).isEmpty();
        assertThat(run().steps("train/loss")).isEqualTo(upTo(1700));
        assertThat(run().steps("train/norm _all_")).hasSize(1700);
        assertThat(run().steps("validation/loss")).containsExactly(1700L);
        assertThat(run().params).containsEntry("train.seed", "1").containsKey("long");
        assertThat(run().tags).containsKeys("awl.key", "mlflow.runName").containsEntry("awl.os", "Linux");
        assertThat(run().status).isEqualTo("FINISHED");
        assertThat(fake.batches).allMatch(size -> size <= 1000);
    }

    @Test
    void aResumedRunIsTheSameRunAndHasEveryStepOnce() {
        MlflowTracker killed = tracker(fake.uri());
        killed.begin(-1);
        tell(killed, 1, 15);
        killed.end(Tracker.End.STOPPED);
        assertThat(run().status).isEqualTo("KILLED");
        MlflowTracker resumed = tracker(fake.uri());
        resumed.begin(12);
        tell(resumed, 13, 20);
        resumed.end(Tracker.End.FINISHED);
        assertThat(run().steps("train/loss")).isEqualTo(upTo(20));
        assertThat(run().status).isEqualTo("FINISHED");
    }

    @Test
    void aServerThatFailsForAWhileLosesNothingAndIsSaidOnce() {
        fake.failing.set(1);
        MlflowTracker tracker = tracker(fake.uri());
        tracker.begin(-1);
        tell(tracker, 1, 5);
        while (fake.failing.get() > 0 || notes.isEmpty()) {
            Thread.onSpinWait();
        }
        tell(tracker, 6, 9);
        tracker.end(Tracker.End.FINISHED);
        assertThat(run().steps("train/loss")).isEqualTo(upTo(9));
        assertThat(notes).singleElement().asString().contains("HTTP 503", "training goes on");
    }

    @Test
    void aServerThatIsNotThereNeverHoldsTrainingUpAndGetsTheRunAfterwards() throws IOException {
        int closed;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            closed = socket.getLocalPort();
        }
        MlflowTracker tracker = tracker("http://127.0.0.1:" + closed);
        tracker.begin(-1);
        tell(tracker, 1, 20_000); // more than wait in memory
        tracker.end(Tracker.End.FINISHED);
        assertThat(notes).hasSize(2);
        assertThat(notes.getFirst()).contains("training goes on", "metrics.jsonl");
        assertThat(notes.getLast()).contains("awl track " + folder + " --mlflow http://127.0.0.1:" + closed);

        List<MetricLine> lines = new ArrayList<>();
        for (long step = 1; step <= 1200; step++) {
            lines.add(new MetricLine(step, Map.of("train/loss", 1.0 / step, "train/seconds", 2.0)));
        }
        try (MlflowServer server = MlflowServer.of(new TrackConfig.Mlflow(fake.uri(), null, null), Map.of())) {
            assertThat(MlflowTracker.sendFinished(server, facts(), lines.subList(0, 700), true, 1_000_000))
                    .isEqualTo(1400);
            assertThat(MlflowTracker.sendFinished(server, facts(), lines, true, 1_000_000_000))
                    .isEqualTo(1000);
            assertThat(MlflowTracker.sendFinished(server, facts(), lines, true, 1_000_000_000))
                    .as("nothing is left to send")
                    .isZero();
        }
        assertThat(run().steps("train/loss")).isEqualTo(upTo(1200));
        assertThat(run().metrics.getLast().get("timestamp")).isEqualTo(1_000_000_000L);
    }

    @Test
    void aServerThatHangsDoesNotHoldTrainingUp() throws IOException {
        try (ServerSocket mute = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
            MlflowTracker tracker = tracker("http://127.0.0.1:" + mute.getLocalPort());
            tracker.begin(-1);
            tell(tracker, 1, 100);
            tracker.end(Tracker.End.STOPPED); // a scheduler is about to kill: three seconds
            assertThat(notes).singleElement().asString().contains("does not have all numbers");
        }
    }

    @Test
    void credentialsComeFromVariablesAndAreNeverSaid() {
        Map<String, String> variables = Map.of("SERVER", fake.uri(), "MLFLOW_TRACKING_TOKEN", "secret");
        MlflowServer server = MlflowServer.of(new TrackConfig.Mlflow(null, "SERVER", null), variables);
        MlflowTracker tracker = new MlflowTracker(server, facts(), notes::add);
        tracker.begin(-1);
        tell(tracker, 1, 1);
        tracker.end(Tracker.End.FINISHED);
        assertThat(fake.authorization).isEqualTo("Bearer secret");
        try (MlflowServer inUri =
                MlflowServer.of(new TrackConfig.Mlflow(null, "U", null), Map.of("U", "https://me:secret@host/base"))) {
            assertThat(inUri).hasToString("https://host/base");
        }
        assertThatThrownBy(() -> MlflowServer.of(new TrackConfig.Mlflow(null, "NONE", null), Map.of()))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("NONE, found none");
    }
}
