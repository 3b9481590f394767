package awl.data;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import org.jspecify.annotations.Nullable;

/// The training data as a sequence of optimiser steps.
///
/// [#at] is a pure function of the step: an epoch's order comes from the seed and the epoch's number alone. So
/// a run resumes at any step without state, and two runs with one seed read the same. An epoch shows each row
/// once; its last step may be smaller than the others.
public final class BatchStream {

    private static final int AHEAD = 2;

    private final List<Example> examples;
    private final Weighting weighting;
    private final Packer packer;
    private final int batchSize;
    private final boolean shuffle;
    private final long seed;

    /// @param batchSize rows of an optimiser step
    public BatchStream(
            List<Example> examples, Weighting weighting, Packer packer, int batchSize, boolean shuffle, long seed) {
        if (examples.isEmpty() || batchSize < 1) {
            throw new IllegalArgumentException("examples and batchSize must be positive");
        }
        this.examples = List.copyOf(examples);
        this.weighting = weighting;
        this.packer = packer;
        this.batchSize = batchSize;
        this.shuffle = shuffle;
        this.seed = seed;
    }

    /// Number of optimiser steps in which every row is read once.
    public long stepsPerEpoch() {
        return (examples.size() + batchSize - 1L) / batchSize;
    }

    /// Step counted from 1.
    public StepBatches at(long step) {
        return at(step, order((step - 1) / stepsPerEpoch()));
    }

    private StepBatches at(long step, int[] order) {
        int from = Math.toIntExact((step - 1) % stepsPerEpoch() * batchSize);
        int to = Math.min(examples.size(), from + batchSize);
        List<Example> rows = new ArrayList<>(to - from);
        for (int i = from; i < to; i++) {
            rows.add(examples.get(order[i]));
        }
        Weighting.Weighted weighted = weighting.apply(rows);
        return new StepBatches(
                step,
                (step - 1) / stepsPerEpoch(),
                packer.pack(weighted.documents()),
                weighted.normaliser(),
                rows.stream().map(Example::id).toList(),
                rows.stream().mapToLong(e -> e.ids().length).sum(),
                rows.stream().mapToLong(e -> e.weight() == 0 ? 0 : e.learned()).sum());
    }

    /// Order of the rows in an epoch (Fisher and Yates with SplitMix64).
    private int[] order(long epoch) {
        int[] order = new int[examples.size()];
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        if (shuffle) {
            SplitMix random = new SplitMix(SplitMix.mix(seed) ^ SplitMix.mix(epoch + 1));
            for (int i = order.length - 1; i > 0; i--) {
                int j = random.below(i + 1);
                int kept = order[i];
                order[i] = order[j];
                order[j] = kept;
            }
        }
        return order;
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
                    if ((step - 1) / stepsPerEpoch() != epoch) {
                        epoch = (step - 1) / stepsPerEpoch();
                        order = order(epoch);
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
