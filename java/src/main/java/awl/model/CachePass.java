package awl.model;

import awl.model.CacheRows.Piece;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Value;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A pass that appends tokens to slots of a [KvCache]: every slot's new tokens see what the slot holds and each
/// other.
///
/// Segments come in the order of their slots. Those of one token (sequences being continued) go through attention
/// together, over the range of slots they span; longer ones (prompts) one after the other.
final class CachePass implements Pass {

    private final TensorScope home;
    private final KvCache cache;
    private final Rope rope;
    private final Rope.Angles angles;
    private final List<Piece> single;
    private final List<Piece> longer = new ArrayList<>();
    private final int kvHeads;
    /// Where each token's keys go among all rows of a layer's cache, one number a key/value head.
    private final Tensor targets;

    private final @Nullable Tensor singleRows;
    private final @Nullable Tensor singleSlots;
    /// What keeps idle slots and shorter sequences out, one a window.
    private final Map<Integer, @Nullable Tensor> masks = new HashMap<>();

    private final Map<List<Integer>, Tensor> promptMasks = AttentionTile.masks();

    /// @param home outlives the pass; what all layers use belongs to it
    CachePass(TensorScope home, KvCache cache, Rope rope, Rope.Angles angles, CacheRows rows, int kvHeads) {
        this.home = home;
        this.cache = cache;
        this.rope = rope;
        this.angles = angles;
        this.kvHeads = kvHeads;
        List<Piece> ones = new ArrayList<>();
        for (Piece piece : rows.pieces()) {
            (piece.tokens() == 1 ? ones : longer).add(piece);
        }
        // Slots far apart are not worth reading what lies between them.
        if (!ones.isEmpty() && span(ones) > 2 * ones.size()) {
            longer.addAll(ones);
            ones = List.of();
        }
        this.single = ones;
        this.targets = targets(rows);
        boolean inPlace = longer.isEmpty() && span(ones) == ones.size();
        this.singleRows = ones.isEmpty() || inPlace
                ? null
                : Tensors.indices(
                        cache.device(), ones.stream().mapToInt(Piece::row).toArray());
        this.singleSlots = singleRows == null
                ? null
                : Tensors.indices(
                        cache.device(),
                        ones.stream()
                                .mapToInt(piece ->
                                        piece.slot() - single.getFirst().slot())
                                .toArray());
    }

    private static int span(List<Piece> pieces) {
        return pieces.isEmpty()
                ? 0
                : pieces.getLast().slot() - pieces.getFirst().slot() + 1;
    }

    private Tensor targets(CacheRows rows) {
        int[] targets = new int[rows.count() * kvHeads];
        int at = 0;
        for (Piece piece : rows.pieces()) {
            for (int t = 0; t < piece.tokens(); t++) {
                for (int k = 0; k < kvHeads; k++) {
                    targets[at++] = (piece.slot() * kvHeads + k) * cache.capacity() + piece.past() + t;
                }
            }
        }
        return Tensors.indices(cache.device(), targets);
    }

    @Override
    public @Nullable Tensor dropoutKey() {
        return null;
    }

    @Override
    public Value attend(Tape tape, int layer, AttentionShape shape, Value projected) {
        Tensor all = projected.tensor();
        Tensor out = Tensors.like(all, all.size(0), shape.keys());
        try (TensorScope scope = TensorScope.open()) {
            Tensor turning =
                    all.narrow(1, 0, shape.values()).view(all.size(0), shape.heads() + kvHeads, shape.headDim());
            rope.rotate(turning, angles);
            store(cache.keys(layer), all, shape.keys(), shape);
            store(cache.values(layer), all, shape.values(), shape);
            if (!single.isEmpty()) {
                continueAll(layer, shape, all, out);
            }
            for (Piece piece : longer) {
                try (TensorScope inner = TensorScope.open()) {
                    prompt(piece, layer, shape, all, out);
                }
            }
        }
        return Value.constant(out);
    }

    private void store(Tensor memory, Tensor all, long column, AttentionShape shape) {
        long e = shape.headDim();
        Tensor rows = all.narrow(1, column, kvHeads * e).reshape(-1, e);
        ScalarType dtype = Tensors.dtype(memory);
        memory.view(-1, e).index_copy_(0, targets, Tensors.dtype(rows) == dtype ? rows : rows.to(dtype));
    }

    /// One new token of every sequence: the G queries that share a key/value head are the rows of one small matrix,
    /// and (slot, key/value head) is the batch.
    private void continueAll(int layer, AttentionShape shape, Tensor all, Tensor out) {
        int first = single.getFirst().slot();
        int count = span(single);
        int longest = single.stream().mapToInt(Piece::end).max().orElseThrow();
        // A lone sequence skips what lies before its window; several are kept apart by the mask.
        int from = count == 1 && shape.window() > 0 ? Math.max(0, longest - shape.window()) : 0;
        long[] queryShape = {(long) count * kvHeads, 1, shape.group(), shape.headDim()};
        Tensor queries = all.narrow(1, 0, shape.keys());
        if (singleRows == null || singleSlots == null) {
            queries = queries.contiguous();
        } else {
            Tensor chosen = Tensors.rows(queries, singleRows);
            queries = Tensors.zerosBeside(all, Tensors.dtype(all), count, shape.keys());
            queries.index_copy_(0, singleSlots, chosen);
        }
        Tensor attended = CacheAttention.attend(
                queries.view(queryShape),
                range(cache.keys(layer), first, count, from, longest),
                range(cache.values(layer), first, count, from, longest),
                masks.computeIfAbsent(shape.window(), window -> mask(window, first, count, longest)),
                shape);
        Tensor rows = attended.reshape(count, shape.keys());
        if (singleRows == null || singleSlots == null) {
            out.copy_(rows);
        } else {
            Tensor chosen = Tensors.rows(rows, singleSlots);
            out.index_copy_(
                    0,
                    singleRows,
                    Tensors.dtype(chosen) == Tensors.dtype(out) ? chosen : chosen.to(Tensors.dtype(out)));
        }
    }

    /// `[count K, 1, to - from, E]`
    private Tensor range(Tensor memory, int first, int count, int from, int to) {
        return memory.narrow(0, first, count)
                .view((long) count * kvHeads, 1, cache.capacity(), memory.size(3))
                .narrow(2, from, to - from);
    }

    /// 0 where a slot's new token sees a position, else minus infinity; null where all see all. An idle slot sees its
    /// first position, for the sake of a finite result nobody reads.
    private @Nullable Tensor mask(int window, int first, int count, int longest) {
        if (count == 1) {
            return null;
        }
        boolean even = window == 0 && single.size() == count && single.stream().allMatch(p -> p.end() == longest);
        if (even) {
            return null;
        }
        float[] rows = new float[count * kvHeads * longest];
        java.util.Arrays.fill(rows, Float.NEGATIVE_INFINITY);
        int[] end = new int[count];
        for (Piece piece : single) {
            end[piece.slot() - first] = piece.end();
        }
        for (int s = 0; s < count; s++) {
            int to = Math.max(1, end[s]);
            int from = window > 0 ? Math.max(0, to - window) : 0;
            for (int k = 0; k < kvHeads; k++) {
                int row = (s * kvHeads + k) * longest;
                java.util.Arrays.fill(rows, row + from, row + to, 0f);
            }
        }
        Tensor mask = Tensors.floats(cache.device(), rows).view((long) count * kvHeads, 1, 1, longest);
        return home.adopt(mask.to(Tensors.dtype(cache.keys(0))));
    }

    /// Several new tokens of one slot, in tiles where the layer has a window.
    private void prompt(Piece piece, int layer, AttentionShape shape, Tensor all, Tensor out) {
        int window = shape.window();
        boolean windowed = window > 0 && piece.end() > window;
        int step = windowed ? Math.max(window, 64) : piece.tokens();
        for (int done = 0; done < piece.tokens(); done += step) {
            int tokens = Math.min(step, piece.tokens() - done);
            int past = piece.past() + done;
            int from = windowed ? Math.max(0, past - window + 1) : 0;
            Tensor keys = tile(cache.keys(layer), piece.slot(), from, past + tokens);
            Tensor values = tile(cache.values(layer), piece.slot(), from, past + tokens);
            AttentionTile tile =
                    new AttentionTile(past, tokens, from, past + tokens - from, false, windowed ? window : 0);
            boolean plain = tile.query() == 0 && !windowed && shape.softCap() == null;
            Tensor mask = plain ? null : home.adopt(tile.mask(promptMasks, keys));
            CacheAttention.prompt(all, out, piece.row() + done, keys, values, mask, tile, shape);
        }
    }

    /// `[K, 1, to - from, E]`
    private static Tensor tile(Tensor memory, int slot, int from, int to) {
        return memory.select(0, slot).narrow(1, from, to - from).unsqueeze(1);
    }
}
