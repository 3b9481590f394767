package awl.data;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// In which order an epoch shows its rows, from the seed and the epoch's number alone.
///
/// @param shuffle another order in every epoch; else that of the file
/// @param seed of the run
public record RowOrder(boolean shuffle, long seed) {

    /// Of `size` rows.
    int[] of(int size, long epoch) {
        return of(size, generator(epoch, 0));
    }

    /// Random numbers of an epoch; streams of one epoch are unrelated.
    SplitMix generator(long epoch, long stream) {
        return new SplitMix(SplitMix.mix(seed) ^ SplitMix.mix(epoch + 1) ^ (stream == 0 ? 0 : SplitMix.mix(-stream)));
    }

    /// Fisher and Yates.
    int[] of(int size, SplitMix random) {
        int[] order = new int[size];
        for (int i = 0; i < size; i++) {
            order[i] = i;
        }
        if (shuffle) {
            for (int i = size - 1; i > 0; i--) {
                int j = random.below(i + 1);
                int kept = order[i];
                order[i] = order[j];
                order[j] = kept;
            }
        }
        return order;
    }

    /// Rows of several parts so that every stretch of the epoch holds about the same share of each: the r-th
    /// row of a part stands at `(r + u) / size` of the way, u one random number a part. Every row still
    /// stands anywhere with the same probability.
    int[] interleaved(List<int[]> parts, long epoch) {
        record Placed(int row, double at) {}
        List<Placed> placed = new ArrayList<>();
        for (int p = 0; p < parts.size(); p++) {
            SplitMix random = generator(epoch, p + 1);
            int[] part = parts.get(p);
            int[] order = of(part.length, random);
            double offset = random.fraction();
            for (int r = 0; r < order.length; r++) {
                placed.add(new Placed(part[order[r]], (r + offset) / part.length));
            }
        }
        placed.sort(Comparator.comparingDouble(Placed::at)); // stable: ties keep the order of the parts
        return placed.stream().mapToInt(Placed::row).toArray();
    }
}
