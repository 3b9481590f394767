package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.DataException;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BatchTest {

    @Test
    void shiftsOnceAndLaysDocumentsEndToEnd() {
        Datum first = Datum.shift("a", new int[] {5, 6, 7}, new float[] {9, 0, 1});
        Datum empty = Datum.shift("b", new int[] {5}, new float[] {1});
        Datum second = Datum.shift("c", new int[] {8, 9}, new float[] {0, 0.5f});

        Batch batch = Batch.of(List.of(first, empty, second));

        assertThat(batch.tokens()).containsExactly(5, 6, 8);
        assertThat(batch.targets()).containsExactly(6, 7, 9);
        assertThat(batch.weights()).containsExactly(0f, 1f, 0.5f);
        assertThat(batch.positions()).containsExactly(0, 1, 0);
        assertThat(batch.documentStart()).containsExactly(0, 2, 2, 3);
        assertThat(batch.activeRows()).containsExactly(1, 2);
        assertThat(batch.documentOf(1)).isZero();
        assertThat(batch.documentOf(2)).isEqualTo(2);
    }

    @Test
    void refusesUnequalLengths() {
        assertThatThrownBy(() -> Datum.shift("x", new int[3], new float[2]))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("document x: 3 ids but 2 weights");
    }
}
