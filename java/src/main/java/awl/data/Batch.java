package awl.data;

import java.util.ArrayList;
import java.util.List;

/// Door 1: a micro-batch as one flat stream of N tokens, documents one after the other without padding.
///
/// Document d occupies `[documentStart[d], documentStart[d+1])`; attention never crosses a document's border
/// and positions restart at 0 in each. "Packed" and "separate rows" are therefore the same numbers by
/// construction; packing only decides which documents share a micro-batch.
///
/// @param tokens input ids, N
/// @param targets ids to predict, N
/// @param weights final loss weights before the step's normaliser, N
/// @param positions position of each token inside its document, N
/// @param documentStart D+1 increasing offsets, first 0, last N
/// @param documentIds D names for errors and reports
/// @param documentGroup [Datum#group] of each document, D
/// @param activeRows ascending indices of rows whose weight is not zero, A
public record Batch(
        int[] tokens,
        int[] targets,
        float[] weights,
        int[] positions,
        int[] documentStart,
        List<String> documentIds,
        int[] documentGroup,
        int[] activeRows) {

    /// Lays documents end to end, in the order given. Empty documents are kept as empty ranges.
    public static Batch of(List<Datum> documents) {
        int total = documents.stream().mapToInt(Datum::length).sum();
        int[] tokens = new int[total];
        int[] targets = new int[total];
        float[] weights = new float[total];
        int[] positions = new int[total];
        int[] start = new int[documents.size() + 1];
        int[] group = new int[documents.size()];
        List<String> ids = new ArrayList<>(documents.size());
        int at = 0;
        int active = 0;
        for (int d = 0; d < documents.size(); d++) {
            Datum datum = documents.get(d);
            ids.add(datum.id());
            group[d] = datum.group();
            System.arraycopy(datum.inputs(), 0, tokens, at, datum.length());
            System.arraycopy(datum.targets(), 0, targets, at, datum.length());
            System.arraycopy(datum.weights(), 0, weights, at, datum.length());
            for (int t = 0; t < datum.length(); t++) {
                positions[at + t] = t;
                if (datum.weights()[t] != 0f) {
                    active++;
                }
            }
            at += datum.length();
            start[d + 1] = at;
        }
        int[] rows = new int[active];
        int next = 0;
        for (int n = 0; n < total; n++) {
            if (weights[n] != 0f) {
                rows[next++] = n;
            }
        }
        return new Batch(tokens, targets, weights, positions, start, List.copyOf(ids), group, rows);
    }

    /// N, the number of tokens read.
    public int length() {
        return tokens.length;
    }

    /// Number of documents.
    public int documents() {
        return documentIds.size();
    }

    /// Index of the document that holds flat row `n`.
    public int documentOf(int n) {
        int at = java.util.Arrays.binarySearch(documentStart, n);
        int document = at >= 0 ? at : -at - 2;
        // An empty document shares its start with the next one; the row belongs to the last that starts there.
        while (document + 1 < documents() && documentStart[document + 1] <= n) {
            document++;
        }
        return document;
    }
}
