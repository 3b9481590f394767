package awl.model;

import awl.tensor.Scalars;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/// A piece of a document's attention: query rows `[query, query + queries)` against key rows `[key, key + keys)` of
/// the stream, everything they can see.
///
/// @param plain whether it is a whole document without a window, where `query = key` and plain causality is all
/// @param window see [AttentionShape#window]
record AttentionTile(int query, int queries, int key, int keys, boolean plain, int window) {

    private static final Scalar MINUS_INFINITY = Scalars.of(Double.NEGATIVE_INFINITY);

    /// Cuts documents into tiles: a document longer than the window into pieces about as long as the window, so that
    /// work grows with N times window and not with the square of N.
    ///
    /// @param most query rows of a tile; 0 = as many as there are
    static List<AttentionTile> of(int[] documentStart, int window, int most) {
        List<AttentionTile> tiles = new ArrayList<>();
        for (int d = 0; d + 1 < documentStart.length; d++) {
            int from = documentStart[d];
            int to = documentStart[d + 1];
            int length = to - from;
            boolean windowed = window > 0 && length > window;
            int step = windowed ? Math.max(window, 64) : length;
            if (most > 0) {
                step = Math.min(step, most);
            }
            for (int query = from; query < to; query += step) {
                int end = Math.min(query + step, to);
                int key = windowed ? Math.max(from, query - window + 1) : from;
                tiles.add(new AttentionTile(
                        query, end - query, key, end - key, !windowed && end - query == length, windowed ? window : 0));
            }
        }
        return tiles;
    }

    /// What is added to the scores: 0 where a query sees a key, else minus infinity. Tiles of one geometry share it.
    ///
    /// @param like of the scores' dtype, on their device
    Tensor mask(Map<List<Integer>, Tensor> known, Tensor like) {
        return known.computeIfAbsent(List.of(queries, keys, query - key, window), shape -> mask(like));
    }

    private Tensor mask(Tensor like) {
        Tensor mask = Tensors.like(like, queries, keys);
        mask.fill_(MINUS_INFINITY);
        // Row r stands at column r + offset; later keys are masked, and those a window or more before.
        int offset = query - key;
        mask.triu_(offset + 1L);
        if (window > 0) {
            Tensor early = Tensors.like(like, queries, keys);
            early.fill_(MINUS_INFINITY);
            early.tril_((long) offset - window);
            mask.add_(early);
        }
        return mask;
    }

    static Map<List<Integer>, Tensor> masks() {
        return new HashMap<>();
    }
}
