package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.DataException;
import awl.token.Rendered;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

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
        return loss(reduction, List.of(A, B, C), NLL);
    }

    private static double loss(Reduction reduction, List<Example> rows, double[][] nll) {
        Weighting.Weighted step = new Weighting(reduction).apply(rows);
        double sum = 0;
        for (int d = 0; d < nll.length; d++) {
            for (int t = 0; t < nll[d].length; t++) {
                sum += step.documents().get(d).weights()[t] * nll[d][t];
            }
        }
        return sum / step.normaliser();
    }

    /// Row a with its two learned tokens in two documents: nothing may change.
    @ParameterizedTest
    @EnumSource(Reduction.class)
    void theDocumentsOfARowCountAsOneRow(Reduction reduction) {
        Example split = new Example(
                "a",
                List.of(
                        new Rendered(new int[2], new float[] {9, .5f}),
                        new Rendered(new int[4], new float[] {9, 0, 0, 1.5f})),
                2,
                "f",
                null);
        double[][] nll = {{1}, {100, 100, 3}, NLL[1], NLL[2]};
        assertThat(loss(reduction, List.of(split, B, C), nll)).isCloseTo(loss(reduction), within(1e-7));
        assertThat(new Weighting(reduction).apply(List.of(split)).documents())
                .extracting(Datum::id)
                .containsExactly("a (document 1)", "a (document 2)");
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
