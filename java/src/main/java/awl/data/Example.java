package awl.data;

import awl.DataException;
import org.jspecify.annotations.Nullable;

/// One training row as tokens: a conversation, a prompt with its completion, or ids given as they are.
///
/// @param id names the row in errors and reports: its own `id`, else `file:line`
/// @param ids token ids, T
/// @param weights `weights[t]` is what predicting `ids[t]` counts, T; that of position 0 has no prediction and
///     is ignored
/// @param weight what the whole row counts (`weight` of the row, else 1)
/// @param where `file:line`, for messages
/// @param origin its part of the mixed objective, where the row names one
public record Example(
        String id,
        int[] ids,
        float[] weights,
        double weight,
        String where,
        @Nullable Origin origin) {

    public Example {
        if (ids.length != weights.length) {
            throw new DataException("%s: %d ids but %d weights; give one weight for each id"
                    .formatted(where, ids.length, weights.length));
        }
    }

    /// A row without an origin.
    public Example(String id, int[] ids, float[] weights, double weight, String where) {
        this(id, ids, weights, weight, where, null);
    }

    /// Whether there is a prediction that counts.
    public boolean learns() {
        return weight != 0 && learned() > 0;
    }

    /// Number of tokens whose prediction counts.
    public int learned() {
        int count = 0;
        for (int t = 1; t < weights.length; t++) {
            if (weights[t] != 0f) {
                count++;
            }
        }
        return count;
    }

    /// Length up to and including the last token whose prediction counts, or 0. What comes after it changes
    /// neither loss nor gradient, for attention is causal.
    public int neededLength() {
        for (int t = weights.length - 1; t > 0; t--) {
            if (weights[t] != 0f) {
                return t + 1;
            }
        }
        return 0;
    }

    /// The first `length` tokens.
    public Example head(int length) {
        return new Example(
                id,
                java.util.Arrays.copyOf(ids, length),
                java.util.Arrays.copyOf(weights, length),
                weight,
                where,
                origin);
    }
}
