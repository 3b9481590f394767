package awl.faults;

import static org.assertj.core.api.Assertions.assertThat;

import awl.data.SplitMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `awl train` killed, frozen, and with a disk that is full: the same final numbers as a run nothing happened to. The
/// short
/// form is part of the build; `-Dawl.faults=50` kills so often, `-Dawl.faults.seed=N` at other moments, and
/// `-Dawl.faults.pause=20` freezes so many seconds.
final class TrainingFaultsTest {

    private static final int KILLS = Integer.getInteger("awl.faults", 3);
    private static final long SEED = Long.getLong("awl.faults.seed", 1);
    private static final int PAUSE = Integer.getInteger("awl.faults.pause", 2);

    @TempDir
    static Path folder;

    private static TinyTraining training;
    private static Path undisturbed = Path.of("");
    private static long millis;
    private static long trainingMillis;

    @BeforeAll
    static void nothingHappens() throws Exception {
        training = TinyTraining.in(folder);
        undisturbed = folder.resolve("undisturbed");
        long begun = System.nanoTime();
        Path log = folder.resolve("undisturbed.log");
        try (AwlProcess process = AwlProcess.start(log, training.into(undisturbed))) {
            assertThat(TinyTraining.endsBeforeItsFirstStep(process))
                    .as(() -> text(log))
                    .isFalse();
            long firstStep = System.nanoTime();
            assertThat(process.end()).as(() -> text(log)).isZero();
            trainingMillis = (System.nanoTime() - firstStep) / 1_000_000;
        }
        millis = (System.nanoTime() - begun) / 1_000_000;
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// Every second moment lies behind the first step of its start, the others anywhere.
    @Test
    void killedAtRandomMoments() throws Exception {
        SplitMix random = new SplitMix(SEED);
        int kills = 0;
        int inTraining = 0;
        int runs = 0;
        int starts = 0;
        while (kills < KILLS) {
            Path run = folder.resolve("killed-" + runs++);
            boolean ended = false;
            while (!ended) {
                Path log = folder.resolve("killed-%d.log".formatted(starts++));
                try (AwlProcess process = AwlProcess.start(log, training.into(run))) {
                    if (kills == KILLS) {
                        ended = process.endsWithin(60_000);
                    } else if (kills % 2 == 0) {
                        ended = TinyTraining.endsBeforeItsFirstStep(process)
                                || process.endsWithin(random.below(left(run)));
                    } else {
                        ended = process.endsWithin(random.below((int) millis));
                    }
                    if (ended) {
                        assertThat(process.end()).as(() -> text(log)).isZero();
                    }
                }
                if (!ended) {
                    kills++;
                    long steps = TinyTraining.steps(run);
                    inTraining += steps > 0 && steps < TinyTraining.STEPS ? 1 : 0;
                }
            }
            TinyTraining.assertSame(run, undisturbed);
        }
        System.out.printf(
                "faults: training killed %d times (%d of them between the first step and the last), seed %d, %d runs, all as undisturbed%n",
                kills, inTraining, SEED, runs);
    }

    /// Milliseconds that the steps a run has not done should take.
    private static int left(Path run) throws IOException {
        return 1 + (int) (trainingMillis * (TinyTraining.STEPS - TinyTraining.steps(run)) / TinyTraining.STEPS);
    }

    @Test
    void frozenForAWhileAndAskedForByASecondRun() throws Exception {
        Path run = folder.resolve("frozen");
        try (AwlProcess frozen = AwlProcess.start(folder.resolve("frozen.log"), training.into(run))) {
            while (TinyTraining.steps(run) < 10) {
                assertThat(frozen.endsWithin(5)).isFalse();
            }
            frozen.signal("STOP");
            try {
                long begun = System.nanoTime();
                Path log = folder.resolve("second.log");
                assertThat(AwlProcess.run(log, training.into(run))).isEqualTo(2);
                assertThat(text(log)).contains(run + ": another run is at work in this folder");
                Thread.sleep(Math.max(0, PAUSE * 1000L - (System.nanoTime() - begun) / 1_000_000));
            } finally {
                frozen.signal("CONT");
            }
            assertThat(frozen.end()).isZero();
        }
        TinyTraining.assertSame(run, undisturbed);
    }

    @Test
    void aFullDiskEndsTheRunAndItGoesOnWhenThereIsRoom() throws Exception {
        Path disk = Files.createDirectories(folder.resolve("disk"));
        mountOrSkip(disk, "size=400k");
        try {
            Path run = disk.resolve("run");
            Path log = folder.resolve("full.log");
            assertThat(AwlProcess.run(log, training.into(run, "--set", "checkpoint.keep=100")))
                    .isEqualTo(1);
            assertThat(text(log)).contains("No space left on device").doesNotContain("internal error");
            assertThat(TinyTraining.steps(run)).isGreaterThan(0).isLessThan(TinyTraining.STEPS);

            mount(disk, "remount,size=64m");
            assertThat(AwlProcess.run(log, training.into(run)))
                    .as(() -> text(log))
                    .isZero();
            assertThat(text(log)).contains("resuming behind step");
            TinyTraining.assertSame(run, undisturbed);

            mount(disk, "remount,ro");
            Path readOnly = folder.resolve("read-only.log");
            assertThat(AwlProcess.run(readOnly, training.into(disk.resolve("other"))))
                    .isEqualTo(2);
            assertThat(text(readOnly)).contains("output: " + disk.resolve("other") + " cannot be used", "Read-only");
        } finally {
            new ProcessBuilder("umount", "-l", disk.toString())
                    .inheritIO()
                    .start()
                    .waitFor();
        }
    }

    /// A file system of its own, for this test alone.
    private static void mountOrSkip(Path disk, String options) throws Exception {
        Assumptions.assumeTrue(
                "root".equals(System.getProperty("user.name")) && mount(disk, options) == 0,
                "a small disk to fill needs root and mount");
    }

    private static int mount(Path disk, String options) throws IOException, InterruptedException {
        return new ProcessBuilder(List.of("mount", "-t", "tmpfs", "-o", options, "tmpfs", disk.toString()))
                .redirectErrorStream(true)
                .start()
                .waitFor();
    }
}
