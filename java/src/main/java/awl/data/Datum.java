package awl.data;

import awl.DataException;

/// One document after the shift: at position t the model reads `inputs[t]` and is asked for `targets[t]` with
/// `weights[t]`. The shift happens in [#shift] and nowhere else.
///
/// @param id names the document in errors and reports
/// @param inputs token ids, length T-1
/// @param targets token ids, length T-1
/// @param weights what predicting `targets[t]` counts, length T-1; may be zero, may be negative
/// @param group what the objective has to know of the document: its component, its pair and branch; 0 where it
///     makes no difference
public record Datum(String id, int[] inputs, int[] targets, float[] weights, int group) {

    public Datum {
        if (inputs.length != targets.length || inputs.length != weights.length) {
            throw new DataException("document %s: inputs %d, targets %d and weights %d must have one length"
                    .formatted(id, inputs.length, targets.length, weights.length));
        }
    }

    /// A document of group 0.
    public Datum(String id, int[] inputs, int[] targets, float[] weights) {
        this(id, inputs, targets, weights, 0);
    }

    /// The same document in another group.
    public Datum in(int other) {
        return other == group ? this : new Datum(id, inputs, targets, weights, other);
    }

    /// Shifts rendered tokens: `weights[t]` is the weight of predicting `ids[t]`; that of position 0 has no
    /// prediction.
    public static Datum shift(String id, int[] ids, float[] weights) {
        if (ids.length != weights.length) {
            throw new DataException("document %s: %d ids but %d weights".formatted(id, ids.length, weights.length));
        }
        int length = Math.max(0, ids.length - 1);
        int[] inputs = java.util.Arrays.copyOf(ids, length);
        int[] targets = java.util.Arrays.copyOfRange(ids, Math.min(1, ids.length), ids.length);
        float[] shifted = java.util.Arrays.copyOfRange(weights, Math.min(1, ids.length), ids.length);
        return new Datum(id, inputs, targets, shifted);
    }

    /// Number of predictions (T-1).
    public int length() {
        return inputs.length;
    }
}
