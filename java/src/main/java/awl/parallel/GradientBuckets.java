package awl.parallel;

import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// The gradients of all ranks, summed. Gradients lie side by side in a few large buckets, so that an exchange needs
/// no copy; with overlap a bucket is sent while the backward pass of the step's last micro-batch goes on below it.
///
/// Buckets hold the parameters from the last to the first, roughly in the order in which their gradients are
/// finished, and are always sent in their own order: ranks cannot disagree about it, also where one of them has no
/// micro-batch at all. How often a gradient is added to in a micro-batch is learned from the first one; the last
/// addition finishes it. (Li et al. 2020, "PyTorch Distributed", arXiv 2006.15704.)
///
/// With one process there are no buckets, and every call does nothing.
public final class GradientBuckets implements AutoCloseable {

    /// Places of parameters start on so many numbers (64 bytes).
    static final long ALIGN = 16;

    private final World world;
    private final boolean overlap;
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
        final Tensor flat;
        final List<Place> places;
        private int unfinished;
        private World.@Nullable Pending pending;

        private Bucket(Tensor flat, List<Place> places) {
            this.flat = flat;
            this.places = places;
        }
    }

    /// @param parameters those that are trained; their gradients move into the buckets
    /// @param bytes least size of a bucket, but for the last
    /// @param overlap send a bucket as soon as it is complete
    public GradientBuckets(World world, List<Parameter> parameters, long bytes, boolean overlap) {
        this.world = world;
        this.overlap = overlap;
        this.parameters = List.copyOf(parameters);
        this.added = new int[parameters.size()];
        if (world.size() == 1) {
            return;
        }
        long[] counts = parameters.stream().mapToLong(Parameter::count).toArray();
        for (List<Place> places : plan(counts, bytes / Float.BYTES)) {
            buckets.add(bucket(places));
        }
        for (int i = 0; i < this.parameters.size(); i++) {
            int index = i;
            this.parameters.get(i).whenAdded(() -> added(index));
        }
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

    private Bucket bucket(List<Place> places) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor flat = Tensors.zeros(ScalarType.Float, numbers(places, world.size()));
            flat.retainReference();
            for (Place place : places) {
                Parameter parameter = parameters.get(place.index);
                parameter.gradientIn(view(flat, place, parameter));
            }
            return new Bucket(flat, places);
        }
    }

    /// A parameter's place in its shape.
    static Tensor view(Tensor flat, Place place, Parameter parameter) {
        return flat.narrow(0, place.offset, place.count)
                .view(parameter.value().sizes().vec().get());
    }

    /// Before each micro-batch.
    ///
    /// @param last whether it is the step's last one of this rank
    public void microBatch(boolean last) {
        learn();
        java.util.Arrays.fill(added, 0);
        int[] known = expected;
        armed = last && overlap && known != null && !buckets.isEmpty();
        if (armed && known != null) {
            for (Bucket bucket : buckets) {
                bucket.unfinished = 0;
                for (Place place : bucket.places) {
                    bucket.unfinished += known[place.index] > 0 ? 1 : 0;
                }
            }
        }
    }

    private void learn() {
        if (expected == null && java.util.Arrays.stream(added).anyMatch(n -> n > 0)) {
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
                send(buckets.get(sent));
            }
        }
    }

    private void send(Bucket bucket) {
        bucket.places.forEach(place -> parameters.get(place.index).gradient()); // zeros where nothing was added
        bucket.pending = world.startSum(bucket.flat);
        sent++;
    }

    /// Behind the last micro-batch, also where there was none: sends what is left and waits for all of it.
    public void finish() {
        learn();
        armed = false;
        while (sent < buckets.size()) {
            send(buckets.get(sent));
        }
        for (Bucket bucket : buckets) {
            java.util.Objects.requireNonNull(bucket.pending).await();
            bucket.pending = null;
        }
        sent = 0;
        java.util.Arrays.fill(added, 0);
    }

    List<Bucket> buckets() {
        return buckets;
    }

    /// Bytes that one step sends through [World#startSum].
    public long bytes() {
        return buckets.stream().mapToLong(bucket -> bucket.flat.nbytes()).sum();
    }

    @Override
    public void close() {
        for (Bucket bucket : buckets) {
            bucket.flat.close();
        }
    }
}
