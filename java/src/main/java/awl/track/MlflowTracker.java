package awl.track;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Sends what a run measures to an [MlflowServer] from a thread of its own. Training hands steps over and
/// never waits; a server that is down or slow costs nothing but [#QUEUE] steps of memory. What did not reach
/// it is in `metrics.jsonl` and is sent by [#sendFinished].
public final class MlflowTracker implements Tracker {

    /// Steps that wait; further ones are left out.
    private static final int QUEUE = 10_000;

    private static final long GATHER_MILLIS = 500;
    private static final long AGAIN_MILLIS = 5_000;

    /// How long the end of a run waits for the last numbers; less after a signal, when a scheduler may be about to
    /// kill.
    private static final long LAST_SECONDS = 10;

    private static final long LAST_SECONDS_STOPPED = 3;

    private record Told(long step, long timestamp, Map<String, Double> values) {}

    private final MlflowServer server;
    private final RunFacts facts;
    private final Consumer<String> notes;
    private final BlockingQueue<Told> queue = new ArrayBlockingQueue<>(QUEUE);
    private final long started = System.currentTimeMillis();
    private final Thread worker;
    private volatile @Nullable End ended;
    private volatile boolean givenUp;
    private boolean complained;
    private long left;
    private Map<String, Long> known = Map.of();

    /// @param notes told once where the server cannot be reached
    MlflowTracker(MlflowServer server, RunFacts facts, Consumer<String> notes) {
        this.server = server;
        this.facts = facts;
        this.notes = notes;
        worker = Thread.ofPlatform().daemon().name("mlflow").unstarted(this::work);
    }

    @Override
    public void begin(long done) {
        worker.start();
    }

    @Override
    public void record(long step, Map<String, Double> values) {
        if (!queue.offer(new Told(step, System.currentTimeMillis(), values))) {
            left++;
        }
    }

    @Override
    public void flush() {}

    @Override
    public void end(End how) {
        ended = how;
        try {
            worker.join(TimeUnit.SECONDS.toMillis(how == End.FINISHED ? LAST_SECONDS : LAST_SECONDS_STOPPED));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        boolean late = worker.isAlive();
        if (late || givenUp || left > 0) {
            notes.accept(
                    "tracking.mlflow: %s does not have all numbers of this run; awl track %s --mlflow %s --experiment %s sends them"
                            .formatted(server, facts.folder(), server, server.experiment()));
        }
        worker.interrupt();
        server.close();
    }

    private void work() {
        @Nullable MlflowRun run = null;
        List<MlflowRun.Point> waiting = new ArrayList<>();
        try {
            while (true) {
                boolean last = ended != null; // before the queue is looked at: nothing comes behind
                try {
                    if (run == null) {
                        run = MlflowRun.open(server, facts, started);
                        known = run.lastSteps();
                    }
                    gather(waiting, last);
                    while (!waiting.isEmpty()) {
                        List<MlflowRun.Point> part = waiting.subList(0, Math.min(waiting.size(), MlflowRun.BATCH));
                        run.send(part);
                        part.clear();
                    }
                    if (last && queue.isEmpty()) {
                        run.update(status(), System.currentTimeMillis());
                        return;
                    }
                } catch (IOException e) {
                    boolean tooLate = Thread.currentThread().isInterrupted();
                    if (tooLate || !retry(e) || last) {
                        givenUp = true;
                        return;
                    }
                    await();
                }
            }
        } catch (InterruptedException e) {
            givenUp = true;
        } catch (RuntimeException e) {
            givenUp = true;
            complain(String.valueOf(e.getMessage()));
        }
    }

    /// Until the run ends, or some seconds.
    private void await() throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(AGAIN_MILLIS);
        while (ended == null && System.nanoTime() < until) {
            Thread.sleep(50);
        }
    }

    private boolean retry(IOException e) {
        boolean passing = !(e instanceof MlflowServer.Refused refused) || refused.passing();
        complain(
                e.getMessage() == null || e.getMessage().isBlank()
                        ? e.getClass().getSimpleName()
                        : e.getMessage());
        return passing;
    }

    private void complain(String why) {
        if (!complained) {
            complained = true;
            notes.accept("tracking.mlflow: %s: %s; training goes on, all numbers are in metrics.jsonl"
                    .formatted(server, why));
        }
    }

    /// Moves what was told to a list of metrics; waits a moment for more, so that requests are few.
    private void gather(List<MlflowRun.Point> into, boolean last) throws InterruptedException {
        if (into.isEmpty() && !last) {
            Told first = queue.poll(GATHER_MILLIS, TimeUnit.MILLISECONDS);
            if (first != null) {
                add(first, into);
                Thread.sleep(ended == null ? GATHER_MILLIS : 0);
            }
        }
        Told next;
        while (into.size() < MlflowRun.BATCH && (next = queue.poll()) != null) {
            add(next, into);
        }
    }

    /// Steps that come again after a resume are on the server already: they have the same numbers.
    private void add(Told told, List<MlflowRun.Point> into) {
        told.values.forEach((key, value) -> {
            Long sent = known.get(key);
            if (sent == null || told.step > sent) {
                into.add(new MlflowRun.Point(key, value, told.timestamp, told.step));
            }
        });
    }

    private String status() {
        return switch (java.util.Objects.requireNonNull(ended)) {
            case FINISHED -> "FINISHED";
            case STOPPED -> "KILLED";
            case FAILED -> "FAILED";
        };
    }

    /// Sends what the server lacks of a run that is over. A second time there is nothing to send.
    ///
    /// @param lines of metrics and validation
    /// @param finished whether it came to its end
    /// @param lastMillis when that was; the times of steps are counted back from there by what they took
    /// @return how many numbers were sent
    public static int sendFinished(
            MlflowServer server, RunFacts facts, List<MetricLine> lines, boolean finished, long lastMillis)
            throws IOException {
        Map<Long, Long> times = times(lines, lastMillis);
        long first = times.values().stream().mapToLong(Long::longValue).min().orElse(lastMillis);
        List<MlflowRun.Point> points = new ArrayList<>();
        for (MetricLine line : lines) {
            line.values()
                    .forEach((key, value) -> points.add(
                            new MlflowRun.Point(key, value, times.getOrDefault(line.step(), first), line.step())));
        }
        MlflowRun run = MlflowRun.open(server, facts, first);
        int sent = run.complete(points);
        run.update(finished ? "FINISHED" : "KILLED", lastMillis);
        return sent;
    }

    private static Map<Long, Long> times(List<MetricLine> lines, long lastMillis) {
        Map<Long, Long> times = new LinkedHashMap<>();
        double behind = 0;
        for (MetricLine line : lines.reversed()) {
            Double seconds = line.values().get(MetricLine.TRAIN + "seconds");
            if (seconds != null) {
                times.put(line.step(), lastMillis - Math.round(1e3 * behind));
                behind += seconds;
            }
        }
        return times;
    }
}
