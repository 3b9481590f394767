package awl.model;

import awl.kernel.Kernels;
import awl.tensor.Tape;
import awl.tensor.Tensors;
import awl.tensor.Value;
import java.util.Arrays;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A pass that appends tokens to some slots of a [KvCache], attention by one kernel a layer: decoding, and
/// prompts that are not long. Long ones are [CachePass]'s, whose matrix products pay there.
final class FusedCachePass implements Pass {

    /// Up to this many tokens of a slot, a query at a time is as fast as a matrix product.
    private static final int FEW_TOKENS = 8;

    /// Nor is it slower for any number of tokens of a slot that holds no more than this: many small products
    /// cost more to start than to compute.
    private static final int SHORT_SLOT = 256;

    private final KvCache cache;
    private final Kernels kernels;
    private final Tensor cosine_NR;
    private final Tensor sine_NR;
    private final Tensor slot_N;
    private final Tensor position_N;

    /// What is made here belongs to the caller's scope, which outlives the pass.
    FusedCachePass(KvCache cache, Kernels kernels, Rope.Angles angles, CacheRows rows) {
        this.cache = cache;
        this.kernels = kernels;
        this.cosine_NR = angles.cos_NR();
        this.sine_NR = angles.sin_NR();
        int[] slots = new int[rows.count()];
        for (CacheRows.Piece piece : rows.pieces()) {
            Arrays.fill(slots, piece.row(), piece.row() + piece.tokens(), piece.slot());
        }
        this.slot_N = Tensors.indices(cache.device(), slots);
        this.position_N = Tensors.indices(cache.device(), rows.positions());
    }

    /// @param activations dtype of what will be attended with
    static boolean suits(KvCache cache, Kernels kernels, ScalarType activations, CacheRows rows) {
        return Tensors.dtype(cache.keys(0)) == activations
                && kernels.fusesCacheAttention(cache.keys(0))
                && rows.pieces().stream().allMatch(piece -> piece.tokens() <= FEW_TOKENS || piece.end() <= SHORT_SLOT);
    }

    /// All that the pass reads besides the model and the cache, one row a token.
    List<Tensor> inputs() {
        return List.of(cosine_NR, sine_NR, slot_N, position_N);
    }

    @Override
    public @Nullable Tensor dropoutKey() {
        return null;
    }

    @Override
    public Value attend(Tape tape, int layer, AttentionShape shape, Value projected) {
        Tensor all = projected.tensor();
        Tensor out = Tensors.like(all, all.size(0), shape.keys());
        kernels.cacheAttention(
                all,
                cosine_NR,
                sine_NR,
                cache.keys(layer),
                cache.values(layer),
                slot_N,
                position_N,
                shape.scores(),
                out);
        return Value.constant(out);
    }
}
