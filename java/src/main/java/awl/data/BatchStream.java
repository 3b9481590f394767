package awl.data;

import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/// The training data as a sequence of optimiser steps.
///
/// [#at] is a pure function of the step: an epoch's order comes from the seed and the epoch's number alone. So
/// a run resumes at any step without state, and two runs with one seed read the same. What the rows are and
/// what they count is said by [StepRows].
public final class BatchStream {

    private static final int AHEAD = 2;

    private final StepRows rows;
    private final Packer packer;
    private final int batchSize;
    private final long steps;
    private final Share share;

    /// @param batchSize rows of an optimiser step
    public BatchStream(StepRows rows, Packer packer, int batchSize) {
        this(rows, packer, batchSize, Share.ALL);
    }

    /// @param batchSize rows of an optimiser step, all ranks together
    /// @param share what this process computes of them
    public BatchStream(StepRows rows, Packer packer, int batchSize, Share share) {
        if (rows.size() == 0 || batchSize < 1) {
            throw new IllegalArgumentException("rows and batchSize must be positive");
        }
        this.rows = rows;
        this.packer = packer;
        this.batchSize = batchSize;
        this.share = share;
        this.steps = (rows.size() + batchSize - 1L) / batchSize;
    }

    /// Rows of one kind.
    public BatchStream(
            List<Example> examples, Weighting weighting, Packer packer, int batchSize, boolean shuffle, long seed) {
        this(new PlainRows(examples, weighting, new RowOrder(shuffle, seed)), packer, batchSize);
    }

    /// Number of optimiser steps of an epoch.
    public long stepsPerEpoch() {
        return steps;
    }

    /// Rows of its epoch that are read when so many steps are done.
    public long position(long done) {
        return first(done % steps);
    }

    /// First row of a step, counted from 0 inside its epoch.
    private long first(long step) {
        return rows.evenSteps() ? step * rows.size() / steps : Math.min(step * batchSize, rows.size());
    }

    /// Step counted from 1.
    public StepBatches at(long step) {
        return at(step, rows.order((step - 1) / steps));
    }

    private StepBatches at(long step, int[] order) {
        long inEpoch = (step - 1) % steps;
        int[] read = java.util.Arrays.copyOfRange(order, (int) first(inEpoch), (int) first(inEpoch + 1));
        return StepBatches.of(rows.content(read, steps), packer, share, step, (step - 1) / steps);
    }

    /// The steps `first` to `last`, made on another thread a little ahead of their use. Arrays only, no
    /// tensors.
    public Ahead from(long first, long last) {
        return new Ahead(first, last);
    }

    /// A running prefetch; close it to end its thread.
    public final class Ahead implements AutoCloseable {

        private final ArrayBlockingQueue<Made> queue = new ArrayBlockingQueue<>(AHEAD);
        private final Thread maker;

        private record Made(
                @Nullable StepBatches step, @Nullable Throwable error) {}

        private Ahead(long first, long last) {
            maker = Thread.ofPlatform().daemon().name("awl-batches").start(() -> make(first, last));
        }

        private void make(long first, long last) {
            try {
                long epoch = -1;
                int[] order = {};
                for (long step = first; step <= last; step++) {
                    if ((step - 1) / steps != epoch) {
                        epoch = (step - 1) / steps;
                        order = rows.order(epoch);
                    }
                    queue.put(new Made(at(step, order), null));
                }
            } catch (InterruptedException e) {
                // Closed: nobody reads any more.
            } catch (RuntimeException | Error e) {
                try {
                    queue.put(new Made(null, e));
                } catch (InterruptedException closed) {
                    // The same.
                }
            }
        }

        /// The next step, waiting for it if need be. An error of the maker comes out here.
        public StepBatches next() {
            try {
                Made made = queue.take();
                if (made.error() instanceof RuntimeException e) {
                    throw e;
                }
                if (made.error() instanceof Error e) {
                    throw e;
                }
                return java.util.Objects.requireNonNull(made.step());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException("interrupted while waiting for data", e);
            }
        }

        @Override
        public void close() {
            maker.interrupt();
        }
    }
}
