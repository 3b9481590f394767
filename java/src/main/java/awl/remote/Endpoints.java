package awl.remote;

import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// The servers that may be asked: the least loaded first, one that failed put aside for a while, twice as long each
/// time, and then tried with a single request.
final class Endpoints {

    private static final Duration LONGEST = Duration.ofSeconds(30);

    private final List<Endpoint> all;
    private final Duration pause;
    private final Random random = new Random();

    /// A server; its state is the pool's to touch.
    static final class Endpoint {
        final URI root;

        /// What it calls the model that is asked for, where that is not the name the others know it by.
        volatile @Nullable String model;

        /// Whether it lets calls of tools be written only as a grammar has them.
        volatile boolean holdsCalls;

        private int underWay;
        private int failures;
        private long asideUntil = System.nanoTime();

        Endpoint(URI root) {
            this.root = root;
        }

        @Override
        public String toString() {
            return root.toString();
        }
    }

    /// @param pause for which a server is put aside the first time
    Endpoints(List<URI> roots, Duration pause) {
        this.all = roots.stream().map(Endpoint::new).toList();
        this.pause = pause;
    }

    List<Endpoint> all() {
        return all;
    }

    /// Waits for a server that may be asked.
    synchronized Endpoint take() throws InterruptedException {
        while (true) {
            long now = System.nanoTime();
            Endpoint best = null;
            long soonest = Long.MAX_VALUE;
            for (Endpoint each : all) {
                long aside = each.asideUntil - now;
                if (aside > 0) {
                    soonest = Math.min(soonest, aside);
                } else if ((each.failures == 0 || each.underWay == 0)
                        && (best == null || each.underWay < best.underWay)) {
                    best = each;
                }
            }
            if (best != null) {
                best.underWay++;
                return best;
            }
            wait(soonest == Long.MAX_VALUE ? 1000 : soonest / 1_000_000 + 1);
        }
    }

    synchronized void answered(Endpoint endpoint) {
        endpoint.underWay--;
        endpoint.failures = 0;
        notifyAll();
    }

    synchronized void failed(Endpoint endpoint) {
        endpoint.underWay--;
        endpoint.failures++;
        aside(endpoint, backoff(endpoint.failures));
    }

    /// It has too much to do, and may have said for how long.
    synchronized void busy(Endpoint endpoint, @Nullable Duration retryAfter, int times) {
        endpoint.underWay--;
        aside(endpoint, retryAfter == null ? backoff(times) : retryAfter);
    }

    private void aside(Endpoint endpoint, Duration time) {
        endpoint.asideUntil = Math.max(endpoint.asideUntil, System.nanoTime() + time.toNanos());
        notifyAll();
    }

    /// Exponential, half of it by chance, so that clients that failed together do not come back together.
    synchronized Duration backoff(int times) {
        double millis = Math.min(pause.toMillis() * Math.pow(2, Math.min(times, 20) - 1), (double) LONGEST.toMillis());
        return Duration.ofMillis(Math.round(millis * (0.5 + 0.5 * random.nextDouble())));
    }
}
