package awl.parallel;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Store;
import org.jspecify.annotations.Nullable;

/// Signs of life. Every rank counts up a number in the rendezvous store once a second and looks at the others'; who
/// stands still for too long is dead, stopped or out of reach, and who ended with an error has said why. So a long
/// exchange needs no short time-out: a slow rank is alive.
///
/// Time is counted in own seconds awake, not by the clock: a process that was stopped itself does not take the
/// others for dead when it goes on.
final class PeerWatch {

    private static final long BEAT_MILLIS = 1000;
    /// So many missed beats name the culprit once a connection has broken.
    private static final long MISSED = 4;
    private static final long PARTING_MILLIS = 5000;
    private static final long ENDED = 1;
    private static final long FAILED = 2;

    private final Store store;
    private final Launch launch;
    private final List<String> names;
    private final long silence;
    private final AtomicLongArray changed;
    private final Thread talker;
    private final Optional<ProcessHandle> launcher;
    private volatile long ticks;
    private volatile long answered;
    private volatile @Nullable String found;
    private volatile @Nullable String storeError;
    private volatile @Nullable String failure;
    private volatile boolean parting;

    /// @param store a connection of its own
    /// @param names of the ranks, for messages
    PeerWatch(Store store, Launch launch, List<String> names, World.Limits limits) {
        this.store = store;
        this.launch = launch;
        this.names = names;
        this.silence = Math.max(1, limits.silence().toMillis() / BEAT_MILLIS);
        this.changed = new AtomicLongArray(launch.size());
        String pid = System.getenv("AWL_LAUNCHER");
        this.launcher =
                pid == null || !pid.matches("\\d{1,9}") ? Optional.empty() : ProcessHandle.of(Long.parseLong(pid));
        Thread.ofPlatform().daemon().name("awl-peers-clock").start(this::count);
        this.talker = Thread.ofPlatform().daemon().name("awl-peers").start(this::talk);
    }

    private void count() {
        try {
            for (long n = 1; true; n++) {
                Thread.sleep(BEAT_MILLIS);
                ticks = n;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void talk() {
        long[] beats = new long[launch.size()];
        try {
            while (true) {
                try (PointerScope scope = new PointerScope()) {
                    store.add("beat/" + launch.rank(), 1);
                    for (int r = 0; r < launch.size(); r++) {
                        look(r, beats);
                    }
                }
                answered = ticks;
                String own = failure;
                if (own != null) {
                    store.set("why/" + launch.rank(), own);
                    store.add("left/" + launch.rank(), FAILED);
                    awaitOthers();
                    return;
                }
                if (parting) {
                    store.add("left/" + launch.rank(), ENDED);
                    awaitOthers();
                    return;
                }
                synchronized (this) {
                    if (failure == null && !parting) {
                        wait(BEAT_MILLIS);
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            storeError = firstLine(e);
        }
    }

    private void look(int r, long[] beats) {
        if (r == launch.rank()) {
            return;
        }
        long beat = store.add("beat/" + r, 0);
        long left = store.add("left/" + r, 0);
        if (beat != beats[r] || left == ENDED) {
            beats[r] = beat;
            changed.set(r, ticks);
        }
        if (left == FAILED && found == null) {
            String why = store.get_to_str("why/" + r);
            // One who fell to another's death hands that name on.
            found = why.startsWith("rank ") ? why : "%s ended with an error: %s".formatted(names.get(r), why);
        }
    }

    /// The keeper of the store goes last, so that the others can read what it said.
    private void awaitOthers() throws InterruptedException {
        if (!keeper(launch.rank())) {
            return;
        }
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PARTING_MILLIS);
        for (int r = 0; r < launch.size(); r++) {
            while (r != launch.rank()
                    && ticks - changed.get(r) < MISSED // the dead do not answer
                    && store.add("left/" + r, 0) == 0
                    && System.nanoTime() < until) {
                Thread.sleep(20);
            }
        }
    }

    private boolean keeper(int rank) {
        return rank == 0 && !launch.storeElsewhere();
    }

    /// Who is dead, silent or has failed, as a sentence; null while all is well.
    @Nullable
    String verdict() {
        return verdict(silence);
    }

    private @Nullable String verdict(long limit) {
        if (found != null) {
            return found;
        }
        if (launcher.isPresent() && !launcher.get().isAlive()) {
            return "the launcher (process %d) is gone".formatted(launcher.get().pid());
        }
        long now = ticks;
        String keeper = launch.storeElsewhere() ? "the launcher" : names.getFirst();
        if (storeError != null) {
            return "%s is gone: it kept the rendezvous at %s:%d, which is closed (%s)"
                    .formatted(keeper, launch.host(), launch.port(), storeError);
        }
        if (now - answered >= limit) {
            return "%s has given no sign of life for %d s (rendezvous at %s:%d): killed, stopped or out of reach"
                    .formatted(keeper, now - answered, launch.host(), launch.port());
        }
        for (int r = 0; r < launch.size(); r++) {
            if (r != launch.rank() && now - changed.get(r) >= limit) {
                return "%s has given no sign of life for %d s: killed, stopped or out of reach"
                        .formatted(names.get(r), now - changed.get(r));
            }
        }
        return null;
    }

    /// Who it was, after a connection broke.
    ///
    /// @param what the error of the connection
    String blame(String what) {
        long from = ticks;
        try {
            while (ticks - from <= silence + MISSED) {
                String verdict = verdict(MISSED);
                if (verdict != null) {
                    return verdict;
                }
                Thread.sleep(50);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return "a connection between ranks broke, though all of them are alive: " + what;
    }

    /// Tells the others that this rank ends with an error.
    void fail(String why) {
        synchronized (this) {
            failure = why;
            notifyAll();
        }
        join();
    }

    /// Parts when all others do.
    void part() {
        synchronized (this) {
            parting = true;
            notifyAll();
        }
        join();
    }

    private void join() {
        try {
            talker.join(PARTING_MILLIS + 2 * BEAT_MILLIS); // a store that hangs does not keep us
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    static String firstLine(Throwable e) {
        return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.toString());
    }
}
