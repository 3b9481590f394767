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
/// What is packed is a unit: one document, or several that must share a micro-batch (the two branches of a
/// preference pair).
///
/// @param packing fill micro-batches up to `tokens` tokens
/// @param tokens most tokens of a packed micro-batch
/// @param documents most units of a micro-batch that is not packed
public record Packer(boolean packing, int tokens, int documents) {

    public Packer {
        if (tokens < 1 || documents < 1) {
            throw new IllegalArgumentException(
                    "tokens %d and documents %d must be positive".formatted(tokens, documents));
        }
    }

    /// Micro-batches of documents that each stand for themselves. Documents without a prediction are left out.
    public List<Batch> pack(List<Datum> step) {
        return packUnits(step.stream().map(List::of).toList());
    }

    /// Micro-batches of units. Documents without a prediction are left out.
    public List<Batch> packUnits(List<List<Datum>> step) {
        List<Unit> present = step.stream()
                .map(unit -> new Unit(unit.stream().filter(d -> d.length() > 0).toList()))
                .filter(unit -> !unit.documents().isEmpty())
                .toList();
        List<List<Unit>> bins = packing ? bestFit(present) : inOrder(present);
        return bins.stream()
                .map(bin -> Batch.of(
                        bin.stream().flatMap(unit -> unit.documents().stream()).toList()))
                .toList();
    }

    private record Unit(List<Datum> documents) {
        int length() {
            return documents.stream().mapToInt(Datum::length).sum();
        }
    }

    private List<List<Unit>> inOrder(List<Unit> step) {
        List<List<Unit>> bins = new ArrayList<>();
        for (int at = 0; at < step.size(); at += documents) {
            bins.add(step.subList(at, Math.min(step.size(), at + documents)));
        }
        return bins;
    }

    private List<List<Unit>> bestFit(List<Unit> step) {
        List<Unit> sorted = new ArrayList<>(step);
        sorted.sort(Comparator.comparingInt(Unit::length).reversed()); // stable: equal lengths keep their order
        List<List<Unit>> bins = new ArrayList<>();
        List<Integer> room = new ArrayList<>();
        for (Unit unit : sorted) {
            int length = unit.length();
            int best = -1;
            for (int b = 0; b < bins.size(); b++) {
                if (room.get(b) >= length && (best < 0 || room.get(b) < room.get(best))) {
                    best = b;
                }
            }
            if (best < 0) {
                if (length > tokens) {
                    throw new DataException("document %s has %d tokens, more than a packed row of %d"
                            .formatted(unit.documents().getFirst().id(), length, tokens));
                }
                best = bins.size();
                bins.add(new ArrayList<>());
                room.add(tokens);
            }
            bins.get(best).add(unit);
            room.set(best, room.get(best) - length);
        }
        return bins;
    }
}
