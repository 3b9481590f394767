package awl.model;

import awl.tensor.Tensors;
import awl.tensor.Threads;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Attention of new tokens against cached keys and values, forwards only.
final class CacheAttention {

    private CacheAttention() {}

    /// One query row for each head of a group, any batch.
    ///
    /// @param queries_B1GE the group's heads as rows
    /// @param keys_B1TE what they see
    /// @param mask_B11T added to the scores; null = everything is seen
    /// @return `[B, 1, G, E]`
    static Tensor attend(
            Tensor queries_B1GE,
            Tensor keys_B1TE,
            Tensor values_B1TE,
            @Nullable Tensor mask_B11T,
            AttentionShape shape) {
        ScalarType dtype = Tensors.dtype(keys_B1TE);
        Tensor queries = Tensors.dtype(queries_B1GE) == dtype ? queries_B1GE : queries_B1GE.to(dtype);
        try (Threads.SerialBlas serial = Threads.serialBlas()) {
            if (shape.softCap() == null) {
                return FlashAttention.forward(queries, keys_B1TE, values_B1TE, mask_B11T, false, shape.scale());
            }
            Tensor out = ExplicitAttention.attend(
                    queries.squeeze(1),
                    keys_B1TE.squeeze(1),
                    values_B1TE.squeeze(1),
                    mask_B11T == null ? null : mask_B11T.squeeze(1),
                    shape);
            return out.unsqueeze(1);
        }
    }

    /// Several tokens of one sequence.
    ///
    /// @param all projections of the stream
    /// @param out_NHE written in its rows from `row`
    /// @param keys_K1TE what the tile sees
    /// @param mask_TT added to the scores; null = plain causality from the sequence's beginning
    /// @param tile positions inside the sequence
    static void prompt(
            Tensor all,
            Tensor out_NHE,
            int row,
            Tensor keys_K1TE,
            Tensor values_K1TE,
            @Nullable Tensor mask_TT,
            AttentionTile tile,
            AttentionShape shape) {
        ScalarType dtype = Tensors.dtype(keys_K1TE);
        Tensor queries = heads(all, row, tile.queries(), shape);
        if (Tensors.dtype(queries) != dtype) {
            queries = queries.to(dtype);
        }
        Tensor attended;
        try (Threads.SerialBlas serial = Threads.serialBlas()) {
            if (shape.softCap() == null) {
                long[] all4 = {shape.kvHeads(), shape.group(), tile.keys(), shape.headDim()};
                attended = FlashAttention.forward(
                        queries,
                        keys_K1TE.expand(all4),
                        values_K1TE.expand(all4),
                        mask_TT,
                        mask_TT == null,
                        shape.scale());
            } else {
                Tensor mask = mask_TT == null
                        ? null
                        : mask_TT.repeat(shape.group(), 1).unsqueeze(0);
                attended = ExplicitAttention.attend(
                                queries.reshape(shape.kvHeads(), -1, shape.headDim()),
                                keys_K1TE.squeeze(1),
                                values_K1TE.squeeze(1),
                                mask,
                                shape)
                        .view(shape.kvHeads(), shape.group(), tile.queries(), shape.headDim());
            }
        }
        heads(out_NHE, row, tile.queries(), shape).copy_(attended);
    }

    /// `[K, G, T, E]`, the first H heads of some rows.
    private static Tensor heads(Tensor stream, int row, int rows, AttentionShape shape) {
        long e = shape.headDim();
        long width = stream.size(1);
        return Tensors.strided(
                stream,
                new long[] {shape.kvHeads(), shape.group(), rows, e},
                new long[] {shape.group() * e, e, width, 1},
                row * width);
    }
}
