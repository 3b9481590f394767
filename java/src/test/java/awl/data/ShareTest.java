package awl.data;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ShareTest {

    private static List<List<Datum>> units(int count, int seed) {
        SplitMix random = new SplitMix(seed);
        List<List<Datum>> units = new ArrayList<>();
        for (int u = 0; u < count; u++) {
            int length = random.below(40);
            units.add(List.of(new Datum("u" + u, new int[length], new int[length], new float[length])));
        }
        return units;
    }

    @Test
    void everyUnitBelongsToOneRankInItsOrder() {
        for (int count : new int[] {0, 1, 3, 50}) {
            List<List<Datum>> units = units(count, count);
            for (int size : new int[] {1, 2, 3, 8}) {
                List<List<Datum>> together = new ArrayList<>();
                for (int rank = 0; rank < size; rank++) {
                    List<List<Datum>> own = new Share(rank, size).of(units);
                    assertThat(own).isSortedAccordingTo((a, b) -> units.indexOf(a) - units.indexOf(b));
                    together.addAll(own);
                }
                assertThat(together).containsExactlyInAnyOrderElementsOf(units);
            }
        }
    }

    @Test
    void tokensAreSpreadEvenly() {
        List<List<Datum>> units = units(64, 7);
        List<Integer> loads = new ArrayList<>();
        for (int rank = 0; rank < 4; rank++) {
            loads.add(new Share(rank, 4)
                    .of(units).stream().mapToInt(u -> u.getFirst().length()).sum());
        }
        int most = loads.stream().mapToInt(i -> i).max().orElseThrow();
        int least = loads.stream().mapToInt(i -> i).min().orElseThrow();
        assertThat(most - least).isLessThan(40); // the longest unit
        assertThat(least).isPositive();
    }
}
