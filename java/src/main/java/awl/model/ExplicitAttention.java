package awl.model;

import awl.kernel.Documents;
import awl.tensor.Scalars;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Attention step by step, for what the fused kernel has not: soft-capped scores (Gemma 2).
///
/// Works through tiles of query rows so that the scores of one tile bound its memory, and computes them again on the
/// way back instead of keeping them.
final class ExplicitAttention implements AttentionCore {

    static final ExplicitAttention INSTANCE = new ExplicitAttention();

    /// Scores of one tile, at most about this many.
    private static final long TILE_SCORES = 4L << 20;

    private ExplicitAttention() {}

    /// @param probabilities_KQT rows of all heads of a group and all queries, `Q = G * queries`
    /// @param squashed_KQT tanh(score / cap), or null without a cap
    private record Scores(
            Tensor probabilities_KQT, @Nullable Tensor squashed_KQT) {}

    @Override
    public Tensor[] forward(Tensor all, AttentionShape shape, int[] documentStart, Tensor out_NHE, boolean record) {
        try (TensorScope scope = TensorScope.open();
                Threads.SerialBlas serial = Threads.serialBlas()) {
            Tensor wide = widen(all);
            for (AttentionTile tile : tiles(shape, documentStart)) {
                try (TensorScope inner = TensorScope.open()) {
                    Tensor keys = keys(wide, tile, shape, shape.keys());
                    Tensor values = keys(wide, tile, shape, shape.values());
                    Scores scores = scores(queries(wide, tile, shape), keys, tile, shape);
                    store(out_NHE, scores.probabilities_KQT.bmm(values), tile, shape);
                }
            }
            return new Tensor[0];
        }
    }

    @Override
    public void backward(
            Tensor gradient_NHE,
            Tensor all,
            Tensor out_NHE,
            Tensor[] saved,
            AttentionShape shape,
            int[] documentStart,
            Tensor below) {
        try (TensorScope scope = TensorScope.open();
                Threads.SerialBlas serial = Threads.serialBlas()) {
            Tensor wide = widen(all);
            Tensor up = widen(gradient_NHE);
            Tensor sum = Tensors.zerosBeside(wide, Tensors.dtype(wide), below.size(0), below.size(1));
            Scalar scale = scalar(shape.scale());
            for (AttentionTile tile : tiles(shape, documentStart)) {
                try (TensorScope inner = TensorScope.open()) {
                    Tensor queries = queries(wide, tile, shape);
                    Tensor keys = keys(wide, tile, shape, shape.keys());
                    Tensor values = keys(wide, tile, shape, shape.values());
                    Tensor out = queries(up, tile, shape);
                    Scores scores = scores(queries, keys, tile, shape);
                    Tensor p = scores.probabilities_KQT;
                    keys(sum, tile, shape, shape.values())
                            .add_(p.transpose(1, 2).bmm(out));
                    Tensor dp = out.bmm(values.transpose(1, 2));
                    Tensor mean = dp.mul(p).sum(new long[] {2}, true, new ScalarTypeOptional());
                    dp.sub_(mean).mul_(p);
                    Tensor squashed = scores.squashed_KQT;
                    if (squashed != null) {
                        // d tanh = 1 - tanh^2
                        dp.addcmul_(squashed.square(), dp, Scalars.MINUS_ONE);
                    }
                    dp.mul_(scale);
                    store(sum, dp.bmm(keys), tile, shape);
                    keys(sum, tile, shape, shape.keys()).add_(dp.transpose(1, 2).bmm(queries));
                }
            }
            below.copy_(sum);
        }
    }

    /// Forwards only, for other layouts.
    ///
    /// @param mask added to the scores; null = none
    /// @return `[B, Q, E]`
    static Tensor attend(
            Tensor queries_BQE, Tensor keys_BTE, Tensor values_BTE, @Nullable Tensor mask, AttentionShape shape) {
        Tensor scores = queries_BQE.bmm(keys_BTE.transpose(1, 2));
        Double cap = shape.softCap();
        if (cap == null) {
            scores.mul_(scalar(shape.scale()));
        } else {
            scores.mul_(scalar(shape.scale() / cap)).tanh_().mul_(scalar(cap));
        }
        if (mask != null) {
            scores.add_(mask);
        }
        return scores.softmax(2).bmm(values_BTE);
    }

    private static Scores scores(Tensor queries_KQE, Tensor keys_KTE, AttentionTile tile, AttentionShape shape) {
        Tensor scores = queries_KQE.bmm(keys_KTE.transpose(1, 2));
        Tensor squashed = null;
        Double cap = shape.softCap();
        if (cap == null) {
            scores.mul_(scalar(shape.scale()));
        } else {
            scores.mul_(scalar(shape.scale() / cap)).tanh_();
            squashed = scores.clone();
            scores.mul_(scalar(cap));
        }
        Map<List<Integer>, Tensor> masks = AttentionTile.masks();
        scores.view(shape.kvHeads(), shape.group(), tile.queries(), tile.keys()).add_(tile.mask(masks, scores));
        return new Scores(scores.softmax(2), squashed);
    }

    private static List<AttentionTile> tiles(AttentionShape shape, int[] documentStart) {
        int longest = Math.max(1, Documents.longest(documentStart));
        long most = TILE_SCORES / ((long) shape.heads() * longest);
        return AttentionTile.of(documentStart, shape.window(), (int) Math.clamp(most, 16, Integer.MAX_VALUE));
    }

    /// `[K, G * queries, E]`, copied.
    private static Tensor queries(Tensor stream, AttentionTile tile, AttentionShape shape) {
        return rows(stream, tile, shape)
                .reshape(shape.kvHeads(), (long) shape.group() * tile.queries(), shape.headDim());
    }

    private static void store(Tensor stream, Tensor rows_KQE, AttentionTile tile, AttentionShape shape) {
        rows(stream, tile, shape).copy_(rows_KQE.view(shape.kvHeads(), shape.group(), tile.queries(), shape.headDim()));
    }

    /// `[K, G, queries, E]`, a view of the first H heads of each row.
    private static Tensor rows(Tensor stream, AttentionTile tile, AttentionShape shape) {
        long e = shape.headDim();
        long row = stream.size(1);
        return Tensors.strided(
                stream,
                new long[] {shape.kvHeads(), shape.group(), tile.queries(), e},
                new long[] {shape.group() * e, e, row, 1},
                tile.query() * row);
    }

    /// `[K, T, E]`, a view.
    private static Tensor keys(Tensor all, AttentionTile tile, AttentionShape shape, long column) {
        long e = shape.headDim();
        long row = all.size(1);
        return Tensors.strided(
                all, new long[] {shape.kvHeads(), tile.keys(), e}, new long[] {e, row, 1}, tile.key() * row + column);
    }

    /// Freed with the scope, unlike [Scalars].
    private static Scalar scalar(double value) {
        return new Scalar(value);
    }

    private static Tensor widen(Tensor tensor) {
        ScalarType dtype = Tensors.dtype(tensor);
        return dtype == ScalarType.Float || dtype == ScalarType.Double ? tensor : tensor.to(ScalarType.Float);
    }
}
