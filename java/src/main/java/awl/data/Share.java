package awl.data;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/// Which part of a step one of several processes computes. A pure function of the step's units and the two
/// numbers: every unit belongs to exactly one rank, and tokens are spread as evenly as whole units allow (longest
/// first, each to the rank that has least). What the units count is fixed before, by the whole step.
///
/// @param rank from 0
/// @param size number of ranks
public record Share(int rank, int size) {

    /// Everything.
    public static final Share ALL = new Share(0, 1);

    public Share {
        if (size < 1 || rank < 0 || rank >= size) {
            throw new IllegalArgumentException("rank %d of %d".formatted(rank, size));
        }
    }

    /// The rank's units, in the order given.
    public List<List<Datum>> of(List<List<Datum>> units) {
        if (size == 1) {
            return units;
        }
        int[] length = units.stream()
                .mapToInt(u -> u.stream().mapToInt(Datum::length).sum())
                .toArray();
        int[] longestFirst = IntStream.range(0, length.length)
                .boxed()
                .sorted(Comparator.comparingInt((Integer u) -> length[u]).reversed()) // stable
                .mapToInt(Integer::intValue)
                .toArray();
        long[] load = new long[size];
        boolean[] own = new boolean[length.length];
        for (int unit : longestFirst) {
            int least = 0;
            for (int r = 1; r < size; r++) {
                least = load[r] < load[least] ? r : least;
            }
            load[least] += length[unit];
            own[unit] = least == rank;
        }
        return IntStream.range(0, own.length)
                .filter(u -> own[u])
                .mapToObj(units::get)
                .toList();
    }

    /// The same for documents that each stand for themselves.
    List<Datum> ofDocuments(List<Datum> documents) {
        return of(documents.stream().map(List::of).toList()).stream()
                .map(List::getFirst)
                .toList();
    }
}
