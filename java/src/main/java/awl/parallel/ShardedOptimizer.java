package awl.parallel;

import awl.optim.AdamW;
import awl.optim.AdamWRule;
import awl.optim.Optimizer;
import awl.optim.StateSection;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// AdamW whose moments and masters are spread over the ranks (ZeRO stage 1, Rajbhandari et al. 2020, arXiv
/// 1910.02054): each rank updates its own chunk of every bucket and hands the new parameters to the others.
///
/// Chunks are equal ranges of numbers, cut without regard to where tensors begin; every number is updated by the same
/// arithmetic as without sharding. A checkpoint holds whole tensors, brought together bucket by bucket, so it is
/// the same file for any number of ranks.
public final class ShardedOptimizer implements Optimizer {

    private final World world;
    private final List<Parameter> parameters;
    private final GradientBuckets buckets;
    private final AdamW adam;
    private final List<Piece> own = new ArrayList<>();
    private final List<Tensor> values = new ArrayList<>();

    /// A range of a parameter inside this rank's chunk of a bucket.
    ///
    /// @param slot its name in the optimiser
    /// @param from first number inside the parameter
    /// @param at the same inside the bucket
    private record Piece(
            GradientBuckets.Bucket bucket, String slot, Parameter parameter, long from, long at, long count) {

        /// The parameter's own memory.
        Tensor value() {
            return parameter.value().view(-1).narrow(0, from, count);
        }

        /// The same numbers in memory as large as the bucket.
        Tensor in(Tensor room) {
            return room.narrow(0, at, count);
        }
    }

    public ShardedOptimizer(
            World world, List<Parameter> parameters, GradientBuckets buckets, AdamW.Settings settings, AdamWRule rule) {
        this.world = world;
        this.parameters = List.copyOf(parameters);
        this.buckets = buckets;
        try (TensorScope scope = TensorScope.open()) {
            List<AdamW.Slot> slots = new ArrayList<>();
            for (GradientBuckets.Bucket bucket : buckets.buckets()) {
                long chunk = bucket.numbers / world.size();
                for (GradientBuckets.Place place : bucket.places) {
                    Range range = overlap(place, chunk * world.rank(), chunk);
                    if (range != null) {
                        Parameter parameter = this.parameters.get(place.index());
                        String slot = parameter.name() + "#" + range.from;
                        Piece piece = new Piece(bucket, slot, parameter, range.from, range.at, range.count);
                        own.add(piece);
                        Tensor value = piece.value();
                        value.retainReference();
                        values.add(value);
                        slots.add(new AdamW.Slot(slot, value, parameter.isMatrix()));
                    }
                }
            }
            this.adam = new AdamW(slots, settings, rule);
        }
    }

    /// @param from first number inside the parameter
    /// @param at the same inside the bucket
    record Range(long from, long at, long count) {}

    /// What a chunk holds of a place, or null.
    ///
    /// @param start of the chunk
    static @Nullable Range overlap(GradientBuckets.Place place, long start, long chunk) {
        long at = Math.max(place.offset(), start);
        long end = Math.min(place.offset() + place.count(), start + chunk);
        return at < end ? new Range(at - place.offset(), at, end - at) : null;
    }

    /// @param gradients those in the buckets; only this rank's chunks are read
    @Override
    public void step(List<@Nullable Tensor> gradients, double rate, Tensor divisor, Tensor skip) {
        try (NoGradGuard guard = new NoGradGuard();
                TensorScope scope = TensorScope.open()) {
            List<@Nullable Tensor> pieces = new ArrayList<>();
            own.forEach(piece -> pieces.add(gradient(piece)));
            adam.step(pieces, rate, divisor, skip);
            List<Tensor> room = buckets.room();
            int all = room.size();
            int atOnce = buckets.sharesRoom() ? 1 : all;
            for (int b = 0; b < all; b += atOnce) {
                handOn(b, room.subList(b, b + atOnce));
            }
        }
    }

    private Tensor gradient(Piece piece) {
        long chunk = piece.bucket.numbers / world.size();
        return buckets.ownSum(piece.bucket).narrow(0, piece.at - world.rank() * chunk, piece.count);
    }

    /// Gives this rank's new parameters to the others and takes theirs.
    ///
    /// @param first number of the first bucket
    /// @param room memory of that one and its followers
    private void handOn(int first, List<Tensor> room) {
        try (TensorScope scope = TensorScope.open()) {
            List<Tensor> sent = new ArrayList<>();
            for (int i = 0; i < room.size(); i++) {
                GradientBuckets.Bucket bucket = buckets.buckets().get(first + i);
                Tensor memory = room.get(i);
                piecesOf(bucket).forEach(piece -> piece.in(memory).copy_(piece.value()));
                sent.add(asParameters(bucket, memory));
            }
            exchange(sent);
            for (int i = 0; i < room.size(); i++) {
                for (GradientBuckets.Place place : buckets.buckets().get(first + i).places) {
                    Parameter parameter = parameters.get(place.index());
                    parameter.value().copy_(GradientBuckets.view(sent.get(i), place, parameter));
                }
            }
        }
    }

    private Stream<Piece> piecesOf(GradientBuckets.Bucket bucket) {
        return own.stream().filter(piece -> piece.bucket == bucket);
    }

    /// In the parameters' own format: bf16 takes half the way.
    private Tensor asParameters(GradientBuckets.Bucket bucket, Tensor memory) {
        boolean half = bucket.places.stream()
                .allMatch(place -> parameters.get(place.index()).dtype() == ScalarType.BFloat16);
        return half ? memory.to(ScalarType.BFloat16) : memory;
    }

    /// Every rank's chunks to all ranks.
    private void exchange(List<Tensor> flats) {
        List<World.Pending> pending = new ArrayList<>();
        for (Tensor flat : flats) {
            long chunk = flat.numel() / world.size();
            for (int r = 0; r < world.size(); r++) {
                pending.add(world.startBroadcast(flat.narrow(0, r * chunk, chunk), r));
            }
        }
        pending.forEach(World.Pending::await);
    }

    /// One section a bucket, so that no more than a bucket must be whole at a time. Views belong to the caller's scope.
    @Override
    public List<StateSection> state() {
        StateSection shares = adam.state().getFirst();
        List<Tensor> room = buckets.room();
        List<StateSection> sections = new ArrayList<>();
        for (String kind : AdamW.KINDS) {
            for (int b = 0; b < room.size(); b++) {
                StateSection section = section(kind, buckets.buckets().get(b), room.get(b), shares);
                if (!section.tensors().isEmpty()) {
                    sections.add(section);
                }
            }
        }
        sections.add(StateSection.of(
                Map.of(AdamW.COUNT, Objects.requireNonNull(shares.tensors().get(AdamW.COUNT)))));
        return sections;
    }

    /// @param kind what the names begin with
    /// @param shares what this rank has of all buckets
    private StateSection section(String kind, GradientBuckets.Bucket bucket, Tensor room, StateSection shares) {
        Map<String, Tensor> whole = new LinkedHashMap<>();
        for (GradientBuckets.Place place : bucket.places) {
            Parameter parameter = parameters.get(place.index());
            if (!kind.equals(AdamW.MASTER) || parameter.dtype() != ScalarType.Float) {
                whole.put(kind + parameter.name(), GradientBuckets.view(room, place, parameter));
            }
        }
        List<Piece> pieces = piecesOf(bucket).toList();
        return new StateSection(
                whole,
                false,
                () -> {
                    shares.collect().run();
                    copy(kind, pieces, room, shares.tensors(), true);
                    exchange(List.of(room));
                },
                () -> {
                    copy(kind, pieces, room, shares.tensors(), false);
                    shares.spread().run();
                });
    }

    private static void copy(String kind, List<Piece> pieces, Tensor room, Map<String, Tensor> shares, boolean out) {
        try (NoGradGuard guard = new NoGradGuard();
                TensorScope scope = TensorScope.open()) {
            for (Piece piece : pieces) {
                Tensor share = shares.get(kind + piece.slot);
                if (share != null && out) {
                    piece.in(room).copy_(share);
                } else if (share != null) {
                    share.copy_(piece.in(room));
                }
            }
        }
    }

    @Override
    public void close() {
        adam.close();
        values.forEach(Tensor::close);
    }
}
