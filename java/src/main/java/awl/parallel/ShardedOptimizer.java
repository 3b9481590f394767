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
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// AdamW whose moments and masters are spread over the ranks (ZeRO stage 1, Rajbhandari et al. 2020, arXiv
/// 1910.02054): each rank updates its own chunk of every bucket and hands the new parameters to the others.
///
/// Chunks are equal ranges of numbers, cut without regard to where tensors begin; every number is updated by the same
/// arithmetic as without sharding. A checkpoint holds whole tensors, brought together in the gradients' memory, so it
/// is the same file for any number of ranks.
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

        /// The same numbers in the bucket.
        Tensor inBucket() {
            return bucket.flat.narrow(0, at, count);
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
                long chunk = bucket.flat.numel() / world.size();
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
            own.forEach(piece -> pieces.add(piece.inBucket()));
            adam.step(pieces, rate, divisor, skip);
            own.forEach(piece -> piece.inBucket().copy_(piece.value()));
            List<Tensor> sent =
                    buckets.buckets().stream().map(this::asParameters).toList();
            exchange(sent);
            for (int b = 0; b < sent.size(); b++) {
                for (GradientBuckets.Place place : buckets.buckets().get(b).places) {
                    Parameter parameter = parameters.get(place.index());
                    parameter.value().copy_(GradientBuckets.view(sent.get(b), place, parameter));
                }
            }
        }
    }

    /// In the parameters' own format: bf16 takes half the way.
    private Tensor asParameters(GradientBuckets.Bucket bucket) {
        boolean half = bucket.places.stream()
                .allMatch(place -> parameters.get(place.index()).dtype() == ScalarType.BFloat16);
        return half ? bucket.flat.to(ScalarType.BFloat16) : bucket.flat;
    }

    private void collect() {
        exchange(buckets.buckets().stream().map(bucket -> bucket.flat).toList());
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

    @Override
    public List<StateSection> state() {
        List<StateSection> sections = new ArrayList<>();
        sections.add(section("optimizer.first.", parameters));
        sections.add(section("optimizer.second.", parameters));
        List<Parameter> rounded = parameters.stream()
                .filter(parameter -> parameter.dtype() != ScalarType.Float)
                .toList();
        if (!rounded.isEmpty()) {
            sections.add(section("optimizer.master.", rounded));
        }
        sections.add(StateSection.of(
                Map.of(AdamW.COUNT, Objects.requireNonNull(adam.tensors().get(AdamW.COUNT)))));
        return sections;
    }

    /// @param kind what the names begin with
    private StateSection section(String kind, List<Parameter> of) {
        Map<String, Tensor> whole = new LinkedHashMap<>();
        for (GradientBuckets.Bucket bucket : buckets.buckets()) {
            for (GradientBuckets.Place place : bucket.places) {
                Parameter parameter = parameters.get(place.index());
                if (of.contains(parameter)) {
                    whole.put(kind + parameter.name(), GradientBuckets.view(bucket.flat, place, parameter));
                }
            }
        }
        Map<String, Tensor> state = adam.tensors();
        return new StateSection(
                whole,
                () -> {
                    copy(kind, state, true);
                    collect();
                },
                () -> copy(kind, state, false));
    }

    private void copy(String kind, Map<String, Tensor> state, boolean out) {
        try (NoGradGuard guard = new NoGradGuard();
                TensorScope scope = TensorScope.open()) {
            for (Piece piece : own) {
                Tensor part = state.get(kind + piece.slot);
                if (part != null && out) {
                    piece.inBucket().copy_(part);
                } else if (part != null) {
                    part.copy_(piece.inBucket());
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
