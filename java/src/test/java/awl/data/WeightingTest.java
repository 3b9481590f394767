package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.DataException;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The three reductions against hand-worked values: rows a (r = 2, w = .5, 1.5), b (r = 1, w = 1), c (nothing
/// learned); negative log-likelihoods 1 and 3 for a, 5 for b.
final class WeightingTest {

    private static final Example A = row("a", 2, 9, .5f, 1.5f);
    private static final Example B = row("b", 1, 0, 1f);
    private static final Example C = row("c", 1, 7, 0f, 0f);
    private static final double[][] NLL = {{1, 3}, {5}, {11, 13}};

    private static Example row(String id, double weight, float... weights) {
        return new Example(id, new int[weights.length], weights, weight, "f");
    }

    private static double loss(Reduction reduction) {
        Weighting.Weighted step = new Weighting(reduction).apply(List.of(A, B, C));
        double sum = 0;
        for (int d = 0; d < NLL.length; d++) {
            for (int t = 0; t < NLL[d].length; t++) {
                sum += step.documents().get(d).weights()[t] * NLL[d][t];
            }
        }
        return sum / step.normaliser();
    }

    @Test
    void tokenMean() {
        assertThat(loss(Reduction.TOKEN_MEAN)).isCloseTo((2 * (.5 * 1 + 1.5 * 3) + 5) / (2 * 2 + 1), within(1e-7));
    }

    @Test
    void exampleMeanLeavesOutRowsWithNothingToLearn() {
        assertThat(loss(Reduction.EXAMPLE_MEAN)).isCloseTo((2 * (.5 * 1 + 1.5 * 3) / 2 + 5) / 3, within(1e-7));
    }

    @Test
    void sequenceSumCountsEveryRow() {
        assertThat(loss(Reduction.SEQUENCE_SUM)).isCloseTo((2 * (.5 * 1 + 1.5 * 3) + 5) / 4, within(1e-7));
    }

    @Test
    void aStepWithNothingToLearnHasNormaliserZero() {
        for (Reduction reduction : Reduction.values()) {
            assertThat(new Weighting(reduction).apply(List.of(C)).normaliser()).isZero();
        }
    }

    @Test
    void negativeWeightsThatCancelAreRefusedWhereTheyDivide() {
        Example cancelling = row("n", 1, 0, 1f, -1f);
        assertThatThrownBy(() -> new Weighting(Reduction.EXAMPLE_MEAN).apply(List.of(cancelling)))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("use sequence_sum");
        assertThatThrownBy(() -> new Weighting(Reduction.TOKEN_MEAN).apply(List.of(cancelling)))
                .isInstanceOf(DataException.class)
                .hasMessageContaining("use sequence_sum");
        assertThat(new Weighting(Reduction.SEQUENCE_SUM)
                        .apply(List.of(cancelling))
                        .normaliser())
                .isEqualTo(1);
    }
}
