package awl.data;

import awl.DataException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Decides which documents of an optimiser step share a micro-batch. Never what is computed: attention stays
/// inside a document and the normaliser belongs to the step, so every packing gives the same loss and gradient
/// up to rounding.
///
/// With `packing`, best-fit decreasing: the longest documents first, each into the fullest micro-batch that
/// still has room. Otherwise documents are taken in order, so many at a time. Both depend on nothing but their
/// arguments.
///
/// @param packing fill micro-batches up to `tokens` tokens
/// @param tokens most tokens of a packed micro-batch
/// @param documents most documents of a micro-batch that is not packed
public record Packer(boolean packing, int tokens, int documents) {

    public Packer {
        if (tokens < 1 || documents < 1) {
            throw new IllegalArgumentException(
                    "tokens %d and documents %d must be positive".formatted(tokens, documents));
        }
    }

    /// Micro-batches of one step. Documents without a prediction are left out.
    public List<Batch> pack(List<Datum> step) {
        List<Datum> present = step.stream().filter(d -> d.length() > 0).toList();
        List<List<Datum>> bins = packing ? bestFit(present) : inOrder(present);
        return bins.stream().map(Batch::of).toList();
    }

    private List<List<Datum>> inOrder(List<Datum> step) {
        List<List<Datum>> bins = new ArrayList<>();
        for (int at = 0; at < step.size(); at += documents) {
            bins.add(step.subList(at, Math.min(step.size(), at + documents)));
        }
        return bins;
    }

    private List<List<Datum>> bestFit(List<Datum> step) {
        List<Datum> sorted = new ArrayList<>(step);
        sorted.sort(Comparator.comparingInt(Datum::length).reversed()); // stable: equal lengths keep their order
        List<List<Datum>> bins = new ArrayList<>();
        List<Integer> room = new ArrayList<>();
        for (Datum datum : sorted) {
            int best = -1;
            for (int b = 0; b < bins.size(); b++) {
                if (room.get(b) >= datum.length() && (best < 0 || room.get(b) < room.get(best))) {
                    best = b;
                }
            }
            if (best < 0) {
                if (datum.length() > tokens) {
                    throw new DataException("document %s has %d tokens, more than a packed row of %d"
                            .formatted(datum.id(), datum.length(), tokens));
                }
                best = bins.size();
                bins.add(new ArrayList<>());
                room.add(tokens);
            }
            bins.get(best).add(datum);
            room.set(best, room.get(best) - datum.length());
        }
        return bins;
    }
}
