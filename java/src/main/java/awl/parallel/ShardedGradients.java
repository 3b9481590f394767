package awl.parallel;

import awl.kernel.Kernels;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Each rank keeps its own chunk of the sum and nothing else (ZeRO stage 2, Rajbhandari et al. 2020, arXiv
/// 1910.02054). A bucket has memory while the backward pass fills it and while it is exchanged; then the next bucket
/// gets that memory.
///
/// Every micro-batch is a round of exchanges: the pieces of a bucket go to the ranks that own them, which add up what
/// they get, rank by rank, in their chunk. Ranks that have fewer micro-batches than others send zeros in the rounds
/// they have nothing for. `(R - 1) / R` of a bucket leave each rank in a round; an all-reduce is twice that, but once a
/// step: beyond two micro-batches a step less memory costs more bytes.
///
/// A bucket that must wait until all is known keeps its memory, so a first micro-batch is rehearsed to learn
/// how often gradients are added to ([#rehearse]).
final class ShardedGradients extends GradientBuckets {

    /// Exchanges under way at once, each with two buckets' memory; the backward pass waits where it is faster.
    static final int MOST_UNDER_WAY = 2;

    private record UnderWay(Bucket bucket, Tensor flat, Tensor landing, World.Pending pending) {}

    private final Map<Bucket, Tensor> chunks = new IdentityHashMap<>();
    private final BucketMemory memory;
    private final Deque<UnderWay> underWay = new ArrayDeque<>();
    private @Nullable Tensor rehearsal;
    private boolean open;
    private int rounds;
    private int roundsDone;

    ShardedGradients(World world, List<Parameter> parameters, long bytes, boolean overlap) {
        super(world, parameters, bytes, overlap);
        memory = new BucketMemory(world.device());
        for (Bucket bucket : buckets()) {
            try (TensorScope scope = TensorScope.open()) {
                Tensor chunk = Tensors.zeros(world.device(), ScalarType.Float, bucket.numbers / world.size());
                chunk.retainReference();
                chunks.put(bucket, chunk);
            }
            for (Place place : bucket.places) {
                parameter(place).whenNeeded(() -> provide(bucket));
            }
        }
    }

    /// All gradients in one memory, over each other: nothing but their number is of interest.
    @Override
    public boolean rehearse(Runnable microBatch) {
        if (counted()) {
            return false;
        }
        Tensor shared = memory.take(largest());
        rehearsal = shared;
        count(false);
        microBatch.run();
        count(false);
        rehearsal = null;
        parameters().forEach(Parameter::releaseGradient);
        memory.giveBack(shared);
        memory.release();
        return true;
    }

    private long largest() {
        return buckets().stream().mapToLong(bucket -> bucket.numbers).max().orElse(0);
    }

    /// Memory for the gradients of a bucket, when the first of them is added to.
    private void provide(Bucket bucket) {
        if (rehearsal != null) {
            bind(bucket, rehearsal);
            return;
        }
        Tensor flat = memory.take(bucket.numbers);
        zeroGaps(bucket, flat);
        bind(bucket, flat);
        bucket.flat = flat;
    }

    /// What lies between places is summed and squared with them.
    private static void zeroGaps(Bucket bucket, Tensor flat) {
        try (TensorScope scope = TensorScope.open()) {
            long at = 0;
            for (Place place : bucket.places) {
                flat.narrow(0, at, place.offset() - at).zero_();
                at = place.offset() + place.count();
            }
            flat.narrow(0, at, bucket.numbers - at).zero_();
        }
    }

    @Override
    public void startStep(int microBatches) {
        rounds = most(microBatches);
        roundsDone = 0;
        chunks.values().forEach(Tensor::zero_);
    }

    /// The largest number that a rank has.
    private int most(int own) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor all = Tensors.indices(world.device(), new int[world.size()]);
            all.select(0, world.rank()).fill_(new Scalar(own));
            world.sum(all);
            return Arrays.stream(Tensors.integers(all)).max().orElse(0);
        }
    }

    @Override
    public void microBatch(boolean last) {
        endRound();
        count(true);
        open = true;
    }

    private void endRound() {
        if (open) {
            open = false;
            round();
        }
    }

    private void round() {
        sendRest();
        roundsDone++;
    }

    @Override
    void send(Bucket bucket) {
        bucket.places.forEach(place -> parameter(place).gradient()); // zeros where nothing was added
        Tensor flat = Objects.requireNonNull(bucket.flat);
        bucket.flat = null;
        bucket.places.forEach(place -> parameter(place).releaseGradient());
        while (underWay.size() >= (overlap ? MOST_UNDER_WAY : 1)) {
            addOldest();
        }
        Tensor landing = memory.take(bucket.numbers);
        try (TensorScope scope = TensorScope.open()) {
            underWay.add(new UnderWay(
                    bucket,
                    flat,
                    landing,
                    world.startExchange(flat.narrow(0, 0, bucket.numbers), landing.narrow(0, 0, bucket.numbers))));
        }
        if (!overlap) {
            addOldest();
        }
    }

    /// Waits for the exchange that began first and adds the pieces of all ranks to the own chunk.
    private void addOldest() {
        UnderWay oldest = underWay.remove();
        oldest.pending.await();
        Tensor chunk = ownSum(oldest.bucket);
        try (TensorScope scope = TensorScope.open()) {
            for (int r = 0; r < world.size(); r++) {
                chunk.add_(oldest.landing.narrow(0, r * chunk.numel(), chunk.numel()));
            }
        }
        memory.giveBack(oldest.flat);
        memory.giveBack(oldest.landing);
    }

    @Override
    public void finish() {
        endRound();
        while (roundsDone < rounds) {
            round();
        }
        while (!underWay.isEmpty()) {
            addOldest();
        }
        memory.release();
    }

    @Override
    public List<Tensor> gradients() {
        return buckets().stream().map(this::ownSum).toList();
    }

    @Override
    public Tensor norm(Kernels kernels) {
        Tensor squares = kernels.squaredNorm(gradients());
        world.sum(squares);
        return squares.sqrt_();
    }

    @Override
    public List<String> notFinite() {
        Set<String> own = new LinkedHashSet<>();
        try (TensorScope scope = TensorScope.open()) {
            for (Bucket bucket : buckets()) {
                long chunk = bucket.numbers / world.size();
                long start = chunk * world.rank();
                for (Place place : bucket.places) {
                    ShardedOptimizer.Range range = ShardedOptimizer.overlap(place, start, chunk);
                    if (range != null && !isFinite(ownSum(bucket).narrow(0, range.at() - start, range.count()))) {
                        own.add(parameter(place).name());
                    }
                }
            }
        }
        Set<String> all = new LinkedHashSet<>();
        world.gather(String.join("\n", own)).forEach(names -> names.lines().forEach(all::add));
        return List.copyOf(all);
    }

    /// Chunks, buckets that are filled or under way, and memory that waits for the next bucket.
    @Override
    public long heldBytes() {
        return chunkBytes() + memory.bytes();
    }

    @Override
    public long peakBytes() {
        return chunkBytes() + memory.peak();
    }

    private long chunkBytes() {
        return chunks.values().stream().mapToLong(Tensor::nbytes).sum();
    }

    @Override
    Tensor ownSum(Bucket bucket) {
        return Objects.requireNonNull(chunks.get(bucket));
    }

    @Override
    List<Tensor> room() {
        Tensor shared = Tensors.empty(world.device(), ScalarType.Float, largest());
        return buckets().stream()
                .map(bucket -> shared.narrow(0, 0, bucket.numbers))
                .toList();
    }

    @Override
    boolean sharesRoom() {
        return true;
    }

    @Override
    public void close() {
        parameters().forEach(parameter -> {
            parameter.whenNeeded(null);
            parameter.releaseGradient();
        });
        chunks.values().forEach(Tensor::close);
        memory.close();
    }
}
