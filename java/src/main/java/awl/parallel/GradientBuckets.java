package awl.parallel;

import awl.kernel.Kernels;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// The gradients of all ranks, summed. Gradients lie side by side in a few large buckets, so that an exchange needs
/// no copy; with overlap a bucket is sent while the backward pass goes on below it.
///
/// Buckets hold the parameters from the last to the first, roughly in the order in which their gradients are
/// finished, and are always sent in their own order: ranks cannot disagree about it, also where one of them has no
/// micro-batch at all. How often a gradient is added to in a micro-batch is learned from the first one; the last
/// addition finishes it. (Li et al. 2020, "PyTorch Distributed", arXiv 2006.15704.)
///
/// Each rank ends up with all of the sum ([WholeGradients]) or with its own chunk of it ([ShardedGradients]). With one
/// process there are no buckets, and every call does nothing.
public abstract sealed class GradientBuckets implements AutoCloseable permits WholeGradients, ShardedGradients {

    /// Places of parameters start on so many numbers (64 bytes).
    static final long ALIGN = 16;

    final World world;
    final boolean overlap;
    private final List<Bucket> buckets = new ArrayList<>();
    private final List<Parameter> parameters;
    private final int[] added;
    private int @Nullable [] expected;
    private boolean armed;
    private int sent;

    /// @param index of the parameter in the list given
    /// @param offset of its first number in the bucket
    record Place(int index, long offset, long count) {}

    /// Neighbours in memory.
    static final class Bucket {
        final List<Place> places;
        /// Room for all places, and for as many equal chunks as there are ranks.
        final long numbers;
        /// The sum of this rank's gradients, where there is one at present.
        @Nullable
        Tensor flat;

        private int unfinished;

        private Bucket(List<Place> places, long numbers) {
            this.places = places;
            this.numbers = numbers;
        }
    }

    GradientBuckets(World world, List<Parameter> parameters, long bytes, boolean overlap) {
        this.world = world;
        this.overlap = overlap;
        this.parameters = List.copyOf(parameters);
        this.added = new int[parameters.size()];
        if (world.size() == 1) {
            return;
        }
        long[] counts = parameters.stream().mapToLong(Parameter::count).toArray();
        for (List<Place> places : plan(counts, bytes / Float.BYTES)) {
            buckets.add(new Bucket(places, numbers(places, world.size())));
        }
        for (int i = 0; i < this.parameters.size(); i++) {
            int index = i;
            this.parameters.get(i).whenAdded(() -> added(index));
        }
    }

    /// Every rank gets the whole sum.
    ///
    /// @param parameters those that are trained; their gradients move into the buckets
    /// @param bytes least size of a bucket, but for the last
    /// @param overlap send a bucket as soon as it is complete
    public static GradientBuckets whole(World world, List<Parameter> parameters, long bytes, boolean overlap) {
        return new WholeGradients(world, parameters, bytes, overlap);
    }

    /// Every rank gets its chunk of the sum: ZeRO stage 2.
    ///
    /// @param parameters those that are trained; each has a gradient only while a micro-batch adds to its bucket
    /// @param bytes least size of a bucket, but for the last
    /// @param overlap go on while a bucket is exchanged
    public static GradientBuckets sharded(World world, List<Parameter> parameters, long bytes, boolean overlap) {
        return world.size() == 1
                ? whole(world, parameters, bytes, overlap)
                : new ShardedGradients(world, parameters, bytes, overlap);
    }

    /// Which parameters share a bucket, and where.
    ///
    /// @param counts numbers of each parameter
    /// @param least numbers of a bucket
    static List<List<Place>> plan(long[] counts, long least) {
        List<List<Place>> plan = new ArrayList<>();
        List<Place> open = new ArrayList<>();
        long at = 0;
        for (int i = counts.length - 1; i >= 0; i--) {
            open.add(new Place(i, at, counts[i]));
            at += (counts[i] + ALIGN - 1) / ALIGN * ALIGN;
            if (at >= least || i == 0) {
                plan.add(List.copyOf(open));
                open.clear();
                at = 0;
            }
        }
        return plan;
    }

    /// Numbers of a bucket: its places, and room so that each rank's chunk is aligned as well.
    static long numbers(List<Place> places, int ranks) {
        Place last = places.getLast();
        long step = ALIGN * ranks;
        return (last.offset + last.count + step - 1) / step * step;
    }

    /// A parameter's place in its shape.
    static Tensor view(Tensor flat, Place place, Parameter parameter) {
        return flat.narrow(0, place.offset, place.count)
                .view(parameter.value().sizes().vec().get());
    }

    /// Lets the gradients of a bucket's parameters lie in this memory.
    final void bind(Bucket bucket, Tensor memory) {
        try (TensorScope scope = TensorScope.open()) {
            for (Place place : bucket.places) {
                Parameter parameter = parameters.get(place.index);
                parameter.gradientIn(view(memory, place, parameter));
            }
        }
    }

    final List<Bucket> buckets() {
        return buckets;
    }

    final Parameter parameter(Place place) {
        return parameters.get(place.index);
    }

    final List<Parameter> parameters() {
        return parameters;
    }

    /// Runs a micro-batch to learn how often each gradient is added to, where that must be known before the first
    /// step. What it computes is lost; random numbers that it drew must be drawn again.
    ///
    /// @return whether it was run
    public boolean rehearse(Runnable microBatch) {
        return false;
    }

    /// Before the first micro-batch of a step, also where this rank has none.
    ///
    /// @param microBatches how many this rank has
    public abstract void startStep(int microBatches);

    /// Before each micro-batch.
    ///
    /// @param last whether it is the step's last one of this rank
    public abstract void microBatch(boolean last);

    /// Behind the last micro-batch, also where there was none: sends what is left and waits for all of it.
    public abstract void finish();

    /// Behind [#finish]: the sums that this rank has; for an optimiser of all parameters in their order.
    public abstract List<Tensor> gradients();

    /// Behind [#finish]: the Euclidean norm of the sum over all ranks.
    ///
    /// @return 0-d fp64, owned by the caller's scope; finite if and only if every gradient is
    public abstract Tensor norm(Kernels kernels);

    /// Behind [#finish]: names of the parameters whose gradients are not finite, the same on every rank.
    public abstract List<String> notFinite();

    /// Bytes of gradients that this rank holds now.
    public abstract long heldBytes();

    /// The most bytes of gradients that it has held at once.
    public abstract long peakBytes();

    /// This rank's chunk of a bucket's sum, behind [#finish].
    abstract Tensor ownSum(Bucket bucket);

    /// Memory for each bucket that may be written between steps, owned by the caller's scope.
    abstract List<Tensor> room();

    /// Whether [#room] is the same memory for all buckets.
    abstract boolean sharesRoom();

    /// Sends a bucket off; its exchange may be under way still when this returns.
    abstract void send(Bucket bucket);

    /// Begins to count what is added.
    ///
    /// @param sends whether a bucket is sent when its last gradient is finished, as far as that is known
    final void count(boolean sends) {
        learn();
        Arrays.fill(added, 0);
        int[] known = expected;
        armed = sends && known != null && !buckets.isEmpty();
        if (armed && known != null) {
            for (Bucket bucket : buckets) {
                bucket.unfinished = 0;
                for (Place place : bucket.places) {
                    bucket.unfinished += known[place.index] > 0 ? 1 : 0;
                }
            }
        }
    }

    /// Sends all buckets that were not sent since the last call.
    final void sendRest() {
        learn();
        armed = false;
        while (sent < buckets.size()) {
            send(buckets.get(sent++));
        }
        sent = 0;
        Arrays.fill(added, 0);
    }

    /// Whether it is known how often gradients are added to in a micro-batch.
    final boolean counted() {
        return expected != null;
    }

    private void learn() {
        if (expected == null && Arrays.stream(added).anyMatch(n -> n > 0)) {
            expected = added.clone();
        }
    }

    private void added(int index) {
        added[index]++;
        int[] known = expected;
        if (!armed || known == null) {
            return;
        }
        if (added[index] > known[index]) {
            throw new IllegalStateException(
                    "the gradient of %s was added to %d times, %d before; it may be sent already"
                            .formatted(parameters.get(index).name(), added[index], known[index]));
        }
        if (added[index] == known[index]) {
            for (Bucket bucket : buckets) {
                if (bucket.places.stream().anyMatch(place -> place.index == index)) {
                    bucket.unfinished--;
                }
            }
            while (sent < buckets.size() && buckets.get(sent).unfinished == 0) {
                send(buckets.get(sent++));
            }
        }
    }

    static boolean isFinite(Tensor tensor) {
        try (TensorScope scope = TensorScope.open()) {
            return torch.isfinite(tensor).all().item_bool();
        }
    }

    @Override
    public abstract void close();
}
