package awl.model;

import awl.kernel.AttentionScores;
import org.jspecify.annotations.Nullable;

/// What attention of one layer looks like.
///
/// @param heads H
/// @param kvHeads K
/// @param headDim E
/// @param scale scores are multiplied with it
/// @param window how many last tokens a token sees, itself included; 0 = all
/// @param softCap `cap * tanh(score / cap)`; null = none
record AttentionShape(
        int heads,
        int kvHeads,
        int headDim,
        double scale,
        int window,
        @Nullable Double softCap) {

    AttentionScores scores() {
        return new AttentionScores(scale, softCap, window);
    }

    /// G, query heads that share one key/value head.
    int group() {
        return heads / kvHeads;
    }

    /// Columns of queries, keys and values side by side.
    long width() {
        return (long) (heads + 2 * kvHeads) * headDim;
    }

    /// Column where the keys begin.
    long keys() {
        return (long) heads * headDim;
    }

    /// Column where the values begin.
    long values() {
        return (long) (heads + kvHeads) * headDim;
    }
}
