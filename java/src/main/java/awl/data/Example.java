package awl.data;

import awl.DataException;
import awl.token.Rendered;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One training row as tokens: a conversation, a prompt with its completion, or ids given as they are.
///
/// Mostly one document. A conversation whose earlier turns the chat template rewrites is several
/// ([awl.token.Renderer#documents]); they are one example all the same: whatever counts by rows counts them
/// once.
///
/// @param id names the row in errors and reports: its own `id`, else `file:line`
/// @param documents ids and weights, at least one: `weights[t]` is what predicting `ids[t]` counts; that of
///     position 0 has no prediction and is ignored
/// @param weight what the whole row counts (`weight` of the row, else 1)
/// @param where `file:line`, for messages
/// @param origin its part of the mixed objective, where the row names one
public record Example(
        String id,
        List<Rendered> documents,
        double weight,
        String where,
        @Nullable Origin origin) {

    public Example {
        if (documents.isEmpty()) {
            throw new IllegalArgumentException(where + ": a row is at least one document");
        }
        documents = List.copyOf(documents);
        for (Rendered document : documents) {
            if (document.ids().length != document.weights().length) {
                throw new DataException("%s: %d ids but %d weights; give one weight for each id"
                        .formatted(where, document.ids().length, document.weights().length));
            }
        }
    }

    /// A row of one document without an origin.
    public Example(String id, int[] ids, float[] weights, double weight, String where) {
        this(id, List.of(new Rendered(ids, weights)), weight, where, null);
    }

    /// Whether there is a prediction that counts.
    public boolean learns() {
        return weight != 0 && learned() > 0;
    }

    /// Number of tokens whose prediction counts, over all documents.
    public int learned() {
        int count = 0;
        for (Rendered document : documents) {
            for (int t = 1; t < document.weights().length; t++) {
                count += document.weights()[t] != 0f ? 1 : 0;
            }
        }
        return count;
    }

    /// Sum of the weights that count, over all documents.
    public double weightSum() {
        double sum = 0;
        for (Rendered document : documents) {
            for (int t = 1; t < document.weights().length; t++) {
                sum += document.weights()[t];
            }
        }
        return sum;
    }

    /// Number of ids, over all documents.
    public int tokens() {
        return documents.stream().mapToInt(d -> d.ids().length).sum();
    }

    /// Number of ids of the longest document.
    public int longest() {
        return documents.stream().mapToInt(d -> d.ids().length).max().orElseThrow();
    }

    /// Length of a document up to and including its last token whose prediction counts, the longest of them,
    /// or 0. What comes after it changes neither loss nor gradient, for attention is causal.
    public int neededLength() {
        return documents.stream().mapToInt(Example::needed).max().orElseThrow();
    }

    private static int needed(Rendered document) {
        for (int t = document.weights().length - 1; t > 0; t--) {
            if (document.weights()[t] != 0f) {
                return t + 1;
            }
        }
        return 0;
    }

    /// Everything that training reads of the row, for a fingerprint.
    public ByteBuffer bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(12 + 4 * documents.size() + 8 * tokens());
        bytes.putInt(documents.size()).putDouble(weight);
        for (Rendered document : documents) {
            bytes.putInt(document.ids().length);
            for (int t = 0; t < document.ids().length; t++) {
                bytes.putInt(document.ids()[t]).putFloat(document.weights()[t]);
            }
        }
        return bytes.flip();
    }

    /// At most the first `length` tokens of each document.
    public Example head(int length) {
        List<Rendered> cut = new ArrayList<>();
        for (Rendered document : documents) {
            int kept = Math.min(length, document.ids().length);
            cut.add(new Rendered(Arrays.copyOf(document.ids(), kept), Arrays.copyOf(document.weights(), kept)));
        }
        return new Example(id, cut, weight, where, origin);
    }
}
