package awl.model;

import awl.tensor.Operator;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Attention by libtorch's blocked CPU kernel (FlashAttention, arXiv 2205.14135), one call a document: scores are
/// never stored, only each row's log-sum-exp.
///
/// Heads that share keys are no copies: key/value heads are the kernel's batch, and the heads of a group are its
/// heads, over keys and values expanded with stride 0. bfloat16 is widened to float32: this kernel is slower than
/// float32 otherwise, and less exact.
final class FlashAttention implements AttentionCore {

    static final FlashAttention INSTANCE = new FlashAttention();

    private static final Operator FORWARD = Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu", "");
    private static final Operator BACKWARD =
            Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "");

    private FlashAttention() {}

    /// The bare kernel, for other layouts.
    ///
    /// @return `[B, H, T, E]`
    static Tensor forward(
            Tensor queries_BHTE,
            Tensor keys_BHTE,
            Tensor values_BHTE,
            @Nullable Tensor mask,
            boolean causal,
            double scale) {
        return FORWARD.call(queries_BHTE, keys_BHTE, values_BHTE, 0.0, causal, mask, scale)[0];
    }

    @Override
    public Tensor[] forward(Tensor all, AttentionShape shape, int[] documentStart, Tensor out_NHE, boolean record) {
        try (TensorScope scope = TensorScope.open();
                Threads.SerialBlas serial = Threads.serialBlas()) {
            Tensor wide = widen(all);
            Tensor logSumExp_HN = Tensors.like(wide, shape.heads(), all.size(0));
            Map<List<Integer>, Tensor> masks = AttentionTile.masks();
            for (AttentionTile tile : AttentionTile.of(documentStart, shape.window(), 0)) {
                try (TensorScope inner = TensorScope.open()) {
                    Tensor mask = tile.plain() ? null : scope.adopt(tile.mask(masks, wide));
                    Tensor[] results = FORWARD.call(
                            queries(wide, tile, shape, 0, shape.width()),
                            keys(wide, tile, shape, shape.keys(), true),
                            keys(wide, tile, shape, shape.values(), true),
                            0.0,
                            tile.plain(),
                            mask,
                            shape.scale());
                    queries(out_NHE, tile, shape, 0, shape.keys()).copy_(results[0]);
                    if (record) {
                        logSumExp(logSumExp_HN, tile, shape).copy_(results[1]);
                    }
                }
            }
            return new Tensor[] {scope.keep(logSumExp_HN)};
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
        List<AttentionTile> tiles = AttentionTile.of(documentStart, shape.window(), 0);
        boolean overlapping = tiles.stream().anyMatch(tile -> !tile.plain());
        try (TensorScope scope = TensorScope.open();
                Threads.SerialBlas serial = Threads.serialBlas()) {
            Tensor wide = widen(all);
            Tensor up = widen(gradient_NHE);
            Tensor out = widen(out_NHE);
            boolean same = Tensors.dtype(below) == Tensors.dtype(wide);
            Tensor sum = same ? below : Tensors.like(wide, below.size(0), below.size(1));
            if (overlapping) {
                sum.zero_();
            }
            Map<List<Integer>, Tensor> masks = AttentionTile.masks();
            for (AttentionTile tile : tiles) {
                try (TensorScope inner = TensorScope.open()) {
                    Tensor mask = tile.plain() ? null : scope.adopt(tile.mask(masks, wide));
                    Tensor[] gradients = BACKWARD.call(
                            queries(up, tile, shape, 0, shape.keys()),
                            queries(wide, tile, shape, 0, shape.width()),
                            keys(wide, tile, shape, shape.keys(), true),
                            keys(wide, tile, shape, shape.values(), true),
                            queries(out, tile, shape, 0, shape.keys()),
                            logSumExp(saved[0], tile, shape),
                            0.0,
                            tile.plain(),
                            mask,
                            shape.scale());
                    queries(sum, tile, shape, 0, shape.width()).copy_(gradients[0]);
                    collect(keys(sum, tile, shape, shape.keys(), false), gradients[1], overlapping);
                    collect(keys(sum, tile, shape, shape.values(), false), gradients[2], overlapping);
                }
            }
            if (!same) {
                below.copy_(sum);
            }
        }
    }

    /// The heads of a group add up to the gradient of the key/value head they share.
    private static void collect(Tensor into_K1TE, Tensor gradient_KGTE, boolean add) {
        if (add) {
            into_K1TE.add_(gradient_KGTE.sum(new long[] {1}, true, new org.bytedeco.pytorch.ScalarTypeOptional()));
        } else if (gradient_KGTE.size(1) == 1) {
            into_K1TE.copy_(gradient_KGTE);
        } else {
            torch.sum_out(
                    into_K1TE, gradient_KGTE, new long[] {1}, true, new org.bytedeco.pytorch.ScalarTypeOptional());
        }
    }

    /// `[K, G, T, E]` of a stream whose rows are `row` long.
    private static Tensor queries(Tensor stream, AttentionTile tile, AttentionShape shape, long column, long row) {
        long e = shape.headDim();
        return Tensors.strided(
                stream,
                new long[] {shape.kvHeads(), shape.group(), tile.queries(), e},
                new long[] {shape.group() * e, e, row, 1},
                tile.query() * row + column);
    }

    /// `[K, G, T, E]`, the same for all G; or `[K, 1, T, E]`.
    private static Tensor keys(Tensor all, AttentionTile tile, AttentionShape shape, long column, boolean expand) {
        long e = shape.headDim();
        long row = shape.width();
        return Tensors.strided(
                all,
                new long[] {shape.kvHeads(), expand ? shape.group() : 1, tile.keys(), e},
                new long[] {e, 0, row, 1},
                tile.key() * row + column);
    }

    /// `[K, G, T]`
    private static Tensor logSumExp(Tensor logSumExp_HN, AttentionTile tile, AttentionShape shape) {
        long n = logSumExp_HN.size(1);
        return Tensors.strided(
                logSumExp_HN,
                new long[] {shape.kvHeads(), shape.group(), tile.queries()},
                new long[] {shape.group() * n, n, 1},
                tile.query());
    }

    private static Tensor widen(Tensor tensor) {
        ScalarType dtype = Tensors.dtype(tensor);
        return dtype == ScalarType.Float || dtype == ScalarType.Double ? tensor : tensor.to(ScalarType.Float);
    }
}
