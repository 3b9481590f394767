package awl.faults;

import static org.assertj.core.api.Assertions.assertThat;

import awl.data.SplitMix;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Two ranks started by `awl launch`, one of which is killed with -9 at random moments, also while a checkpoint is
/// written: the other ends with its name, and the run that is resumed leaves the bits of one nothing happened to. The
/// short form is part of the build; `-Dawl.faults=50` kills so often, `-Dawl.faults.seed=N` at other moments.
final class RankFaultsTest {

    private static final int KILLS = Integer.getInteger("awl.faults", 2);
    private static final long SEED = Long.getLong("awl.faults.seed", 1);
    private static final int KILLED = 128 + 9;
    private static final int NAMED_WITHIN_SECONDS = 30;
    /// Where one dies before they have met, nobody but the launcher knows.
    private static final int GRACE_SECONDS = 12;

    private static final String SCORES = "reference.train.jsonl";

    /// When a rank is killed; in turn.
    private enum Moment {
        /// Behind the first step of this start.
        TRAINING,
        /// While there is a checkpoint that is half written.
        CHECKPOINT,
        /// From the start of the process on.
        ANY,
        /// While reference scores of pairs are computed; has a test of its own.
        SCORING;

        static final List<Moment> IN_TURN = List.of(TRAINING, CHECKPOINT, ANY);
    }

    @TempDir
    Path folder;

    private final SplitMix random = new SplitMix(SEED);
    private final Map<Moment, Integer> kills = new EnumMap<>(Moment.class);
    private final int[] ofRank = new int[2];
    private int cutShort;
    private double slowest;
    private long startMillis;
    private long trainingMillis;

    @Test
    void oneOfTwoRanksKilledAtRandomMoments() throws Exception {
        TinyTraining training = TinyTraining.in(folder);
        Path undisturbed = folder.resolve("undisturbed");
        undisturbed(training, undisturbed);
        int killed = 0;
        int runs = 0;
        for (int starts = 0; killed < KILLS; runs++) {
            Path run = folder.resolve("killed-" + runs);
            boolean ended = false;
            while (!ended) {
                Path log = folder.resolve("killed-%d.log".formatted(starts++));
                try (AwlProcess process = AwlProcess.start(log, training.overRanks(run, GRACE_SECONDS))) {
                    ended = killed == KILLS || !kill(process, run, Moment.IN_TURN.get(killed % Moment.IN_TURN.size()));
                    if (ended) {
                        assertThat(process.end()).as(process.said()).isZero();
                    }
                }
                killed += ended ? 0 : 1;
            }
            TinyTraining.assertSame(run, undisturbed);
        }
        System.out.printf(
                "faults: one of two ranks killed %d times %s, rank 0 %d, rank 1 %d, %d checkpoints cut short, the last process gone after %.1f s at most, seed %d, %d runs, all as undisturbed%n",
                killed, kills, ofRank[0], ofRank[1], cutShort, slowest, SEED, runs);
    }

    /// Each scores a share of the pairs, and neither goes on without the other's. Only kills before the scores were
    /// written count; behind them the run goes on to its end and another begins.
    @Test
    void oneOfTwoRanksKilledWhileReferenceScoresAreComputed() throws Exception {
        TinyTraining training = TinyTraining.preferencesIn(folder);
        Path undisturbed = folder.resolve("preferred");
        long scoring;
        try (AwlProcess process =
                AwlProcess.start(folder.resolve("preferred.log"), training.overRanks(undisturbed, GRACE_SECONDS))) {
            assertThat(endsBeforeItScores(process)).as(process.said()).isFalse();
            long begun = System.nanoTime();
            while (!Files.exists(undisturbed.resolve(SCORES))) {
                assertThat(process.endsWithin(2)).as(process.said()).isFalse();
            }
            scoring = (System.nanoTime() - begun) / 1_000_000;
            assertThat(process.end()).as(process.said()).isZero();
        }
        int killed = 0;
        int early = 0;
        int starts = 0;
        int runs = 0;
        while (early < KILLS) {
            Path run = folder.resolve("scoring-" + runs++);
            Path scores = run.resolve(SCORES);
            boolean ended = false;
            while (!ended) {
                Path log = folder.resolve("scoring-%d.log".formatted(starts++));
                try (AwlProcess process = AwlProcess.start(log, training.overRanks(run, GRACE_SECONDS))) {
                    ended = early == KILLS
                            || Files.exists(scores)
                            || endsBeforeItScores(process)
                            || process.endsWithin(random.below((int) scoring + 1))
                            || !killed(process, run, Moment.SCORING, random.below(2));
                    if (ended) {
                        assertThat(process.end()).as(process.said()).isZero();
                    }
                }
                killed += ended ? 0 : 1;
                early += ended || Files.exists(scores) ? 0 : 1;
            }
            TinyTraining.assertSame(run, undisturbed);
            assertThat(scores).hasSameBinaryContentAs(undisturbed.resolve(SCORES));
        }
        System.out.printf(
                "faults: one of two ranks killed %d times from the first reference score on, %d of them before the scores were written (which takes %d ms), rank 0 %d, rank 1 %d, the last process gone after %.1f s at most, seed %d, %d runs, all as undisturbed%n",
                killed, early, scoring, ofRank[0], ofRank[1], slowest, SEED, runs);
    }

    /// Waits until pairs are scored.
    private static boolean endsBeforeItScores(AwlProcess process) throws Exception {
        while (!process.said().contains("reference log-probabilities of ")) {
            if (process.endsWithin(2)) {
                return true;
            }
        }
        return false;
    }

    private void undisturbed(TinyTraining training, Path run) throws Exception {
        long begun = System.nanoTime();
        try (AwlProcess process =
                AwlProcess.start(folder.resolve("undisturbed.log"), training.overRanks(run, GRACE_SECONDS))) {
            assertThat(TinyTraining.endsBeforeItsFirstStep(process))
                    .as(process.said())
                    .isFalse();
            startMillis = (System.nanoTime() - begun) / 1_000_000;
            assertThat(process.end()).as(process.said()).isZero();
            trainingMillis = (System.nanoTime() - begun) / 1_000_000 - startMillis;
        }
    }

    /// Kills a rank and looks at how the rest ends.
    ///
    /// @return false where the run ended before
    private boolean kill(AwlProcess process, Path run, Moment moment) throws Exception {
        int rank = random.below(2);
        return !endsBefore(process, run, moment) && killed(process, run, moment, rank);
    }

    private boolean killed(AwlProcess process, Path run, Moment moment, int rank) throws Exception {
        ProcessHandle victim = process.rank(rank);
        if (victim == null || !victim.destroyForcibly()) {
            return false; // it was at its end
        }
        long begun = System.nanoTime();
        assertThat(process.endsWithin(TimeUnit.SECONDS.toMillis(NAMED_WITHIN_SECONDS)))
                .as(process.said())
                .isTrue();
        slowest = Math.max(slowest, (System.nanoTime() - begun) / 1e9);
        if (process.end() == 0) {
            return false; // the rank was done and gone
        }
        assertThat(process.end()).as(process.said()).isEqualTo(KILLED);
        assertThat(process.said()).contains("rank %d (process %d) was ended by signal 9".formatted(rank, victim.pid()));
        if (moment != Moment.ANY && TinyTraining.steps(run) < TinyTraining.STEPS) {
            assertThat(process.said())
                    .as("the other names it")
                    .containsPattern("awl: rank %d \\(.*process %d\\)".formatted(rank, victim.pid()));
        }
        kills.merge(moment, 1, Integer::sum);
        ofRank[rank]++;
        cutShort += halfWritten(run) ? 1 : 0;
        return true;
    }

    /// Waits for the moment.
    private boolean endsBefore(AwlProcess process, Path run, Moment moment) throws Exception {
        if (moment == Moment.ANY) {
            while (process.rank(0) == null || process.rank(1) == null) {
                if (process.endsWithin(2)) {
                    return true;
                }
            }
            return process.endsWithin(random.below((int) (startMillis + trainingMillis)));
        }
        if (TinyTraining.endsBeforeItsFirstStep(process)) {
            return true;
        }
        int left = (int) (trainingMillis * (TinyTraining.STEPS - TinyTraining.steps(run)) / TinyTraining.STEPS);
        if (moment == Moment.TRAINING) {
            return process.endsWithin(random.below(left + 1));
        }
        if (process.endsWithin(random.below(left / 2 + 1))) {
            return true;
        }
        while (!halfWritten(run)) {
            if (process.endsWithin(0)) {
                return true;
            }
        }
        return process.endsWithin(random.below(3));
    }

    private static boolean halfWritten(Path run) throws IOException {
        Path checkpoints = run.resolve("checkpoints");
        if (!Files.isDirectory(checkpoints)) {
            return false;
        }
        try (Stream<Path> files = Files.list(checkpoints)) {
            return files.anyMatch(file -> file.getFileName().toString().endsWith(".partial"));
        }
    }
}
