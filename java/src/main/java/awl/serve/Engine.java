package awl.serve;

import awl.sample.Completion;
import awl.sample.Request;
import awl.sample.TokenListener;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One thread that moves all models' generators on, step by step: requests join the running batch at the next step and
/// leave it as they end. It sleeps while nobody asks.
final class Engine implements AutoCloseable {

    private final List<Lane> lanes = new CopyOnWriteArrayList<>();
    private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
    private final Semaphore work = new Semaphore(0);
    private final AtomicInteger unanswered = new AtomicInteger();
    private final int most;
    private final ServerMetrics metrics;
    private final Thread thread;
    private volatile int running;
    private volatile boolean closing;

    /// @param most requests that may be unanswered at once, those at work included
    Engine(int most, ServerMetrics metrics) {
        this.most = most;
        this.metrics = metrics;
        this.thread = Thread.ofPlatform().daemon().name("awl-serve-engine").start(this::run);
    }

    void add(Lane lane) {
        lanes.add(lane);
    }

    /// Takes a model out; what it has not answered is cancelled.
    ///
    /// @return done when its memory is free
    CompletableFuture<Void> remove(Lane lane) {
        return execute(() -> {
            lanes.remove(lane);
            lane.close();
        });
    }

    private CompletableFuture<Void> execute(Runnable task) {
        CompletableFuture<Void> done = new CompletableFuture<>();
        tasks.add(() -> {
            try {
                task.run();
                done.complete(null);
            } catch (RuntimeException | Error e) {
                done.completeExceptionally(e);
            }
        });
        work.release();
        return done;
    }

    /// Makes room for so many requests, or refuses.
    void reserve(int count) {
        if (unanswered.addAndGet(count) > most) {
            unanswered.addAndGet(-count);
            metrics.refused();
            throw ApiError.busy(metrics.secondsPerRequest());
        }
    }

    /// Gives back room that was reserved and not used.
    void release(int count) {
        unanswered.addAndGet(-count);
    }

    /// Queues a request for which room was reserved. Cancelling the future takes it out again.
    CompletableFuture<Completion> submit(Lane lane, Request request, @Nullable TokenListener listener) {
        CompletableFuture<Completion> answer = lane.submit(request, listener);
        answer.whenComplete((completion, error) -> {
            unanswered.decrementAndGet();
            if (completion != null) {
                metrics.generated(completion.ids().length);
            } else {
                metrics.dropped();
            }
            work.release(); // a cancelled one leaves its slot
        });
        work.release();
        return answer;
    }

    /// Requests that hold a slot.
    int running() {
        return running;
    }

    /// Requests that are not answered.
    int unanswered() {
        return unanswered.get();
    }

    private void run() {
        while (!closing) {
            for (Runnable task = tasks.poll(); task != null; task = tasks.poll()) {
                task.run();
            }
            boolean more = false;
            int slots = 0;
            for (Lane lane : lanes) {
                try {
                    more |= lane.step();
                    slots += lane.running();
                } catch (RuntimeException | Error e) {
                    System.getLogger("awl.serve").log(System.Logger.Level.ERROR, "a step of " + lane.name(), e);
                }
            }
            running = slots;
            if (!more) {
                work.acquireUninterruptibly();
                work.drainPermits();
            }
        }
        lanes.forEach(Lane::close);
        tasks.forEach(Runnable::run);
    }

    /// Cancels what is unanswered and frees all.
    @Override
    public void close() {
        closing = true;
        work.release();
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
