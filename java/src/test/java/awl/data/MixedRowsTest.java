package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.DataException;
import awl.token.Rendered;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The constants of the mixed objective, with rows whose every token has the negative log-likelihood of its own id.
final class MixedRowsTest {

    private static final RowOrder SHUFFLED = new RowOrder(true, 7);

    private static Example row(int number, Origin origin, double weight) {
        int[] ids = new int[3 + number % 4];
        float[] weights = new float[ids.length];
        for (int t = 1; t < ids.length; t++) {
            ids[t] = 1 + (number * 5 + t) % 11;
            weights[t] = t % 3 == 0 ? 0.5f : 1f;
        }
        Rendered document = new Rendered(ids, weights);
        // Every third row is two documents, the second of which learns two tokens more.
        List<Rendered> documents = number % 3 == 0
                ? List.of(document, new Rendered(new int[] {0, 3, 4}, new float[] {0, 0.5f, 1}))
                : List.of(document);
        return new Example("r" + number, documents, weight, "f:" + number, origin);
    }

    private static List<Example> rows(int knowledge, int easy, int hard) {
        List<Example> rows = new ArrayList<>();
        for (int i = 0; i < knowledge + easy + hard; i++) {
            Origin origin = i < knowledge ? Origin.KNOWLEDGE : i < knowledge + easy ? Origin.EASY : Origin.HARD;
            rows.add(row(i, origin, 1 + i % 3));
        }
        return rows;
    }

    private static MixedRows mixed(List<Example> rows, Reduction reduction, Mixture.Sampling sampling) {
        return new MixedRows(rows, new Mixture(0.3, 0.8, reduction, sampling), SHUFFLED, "rows.jsonl");
    }

    private static double loss(Datum datum) {
        double loss = 0;
        for (int t = 0; t < datum.length(); t++) {
            loss += datum.weights()[t] * datum.targets()[t];
        }
        return loss;
    }

    private static double loss(StepContent step) {
        return step.units().stream()
                        .flatMap(List::stream)
                        .mapToDouble(MixedRowsTest::loss)
                        .sum()
                / step.normaliser();
    }

    /// By the definition: a mean inside each part, then the mixture.
    private static double expected(List<Example> rows, Reduction reduction) {
        double[] shares = {0.3, 0.7 * 0.8, 0.7 * 0.2};
        double whole = 0;
        for (Origin origin : Origin.values()) {
            double sum = 0;
            double norm = 0;
            for (Example row : rows) {
                if (row.origin() == origin) {
                    double weighted = 0;
                    double weights = 0;
                    for (Rendered document : row.documents()) {
                        for (int t = 1; t < document.ids().length; t++) {
                            weighted += document.weights()[t] * document.ids()[t];
                            weights += document.weights()[t];
                        }
                    }
                    double r = row.weight();
                    sum += r * (reduction == Reduction.EXAMPLE_MEAN ? weighted / weights : weighted);
                    norm += r * (reduction == Reduction.TOKEN_MEAN ? weights : 1);
                }
            }
            whole += shares[origin.ordinal()] * sum / norm;
        }
        return whole;
    }

    @ParameterizedTest
    @EnumSource(Reduction.class)
    void theMeanOverTheStepsOfAnEpochIsTheMixture(Reduction reduction) {
        List<Example> rows = rows(9, 5, 3);
        MixedRows mixed = mixed(rows, reduction, Mixture.Sampling.WEIGHTED);
        assertThat(loss(mixed.all())).isCloseTo(expected(rows, reduction), within(1e-5));
        for (int batch : new int[] {1, 2, 4, 7, 16, 17, 100}) {
            BatchStream stream = new BatchStream(mixed, new Packer(false, 1, 100), batch);
            double sum = 0;
            for (long step = 1; step <= stream.stepsPerEpoch(); step++) {
                StepBatches at = stream.at(step);
                for (Batch each : at.microBatches()) {
                    for (int n = 0; n < each.length(); n++) {
                        sum += each.weights()[n] * each.targets()[n] / at.normaliser();
                    }
                }
            }
            assertThat(sum / stream.stepsPerEpoch())
                    .as("batch " + batch)
                    .isCloseTo(expected(rows, reduction), within(1e-4));
        }
    }

    @ParameterizedTest
    @EnumSource(Reduction.class)
    void stratifiedDrawsHaveTheMixtureAsTheirExpectation(Reduction reduction) {
        List<Example> rows = rows(9, 5, 3);
        MixedRows mixed = mixed(rows, reduction, Mixture.Sampling.STRATIFIED);
        double sum = 0;
        int[] counts = new int[3];
        int epochs = 2000;
        for (int epoch = 0; epoch < epochs; epoch++) {
            int[] order = mixed.order(epoch);
            assertThat(order).hasSize(17).isEqualTo(mixed.order(epoch));
            for (int row : order) {
                counts[java.util.Objects.requireNonNull(rows.get(row).origin()).ordinal()]++;
            }
            sum += loss(mixed.content(order, 1)) / epochs;
        }
        assertThat(counts[1] / (17.0 * epochs)).isCloseTo(0.56, within(0.01));
        assertThat(counts[2] / (17.0 * epochs)).isCloseTo(0.14, within(0.01));
        assertThat(sum).isCloseTo(expected(rows, reduction), within(0.02 * expected(rows, reduction)));
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 5, 20})
    void everyRowOnceAndEveryStretchHasItsShareOfEachPart(int batch) {
        List<Example> rows = rows(40, 20, 10);
        MixedRows mixed = mixed(rows, Reduction.EXAMPLE_MEAN, Mixture.Sampling.WEIGHTED);
        for (long epoch = 0; epoch < 3; epoch++) {
            int[] order = mixed.order(epoch);
            assertThat(Arrays.stream(order).distinct().count()).isEqualTo(70);
            assertThat(order).isNotEqualTo(mixed.order(epoch + 1));
            for (int from = 0; from + batch <= 70; from += batch) {
                long easy = Arrays.stream(order, from, from + batch)
                        .filter(row -> rows.get(row).origin() == Origin.EASY)
                        .count();
                assertThat((double) easy).isBetween(batch * 20 / 70.0 - 2, batch * 20 / 70.0 + 2);
            }
        }
    }

    @Test
    void stepsAreOfEvenSize() {
        BatchStream stream = new BatchStream(
                mixed(rows(9, 5, 3), Reduction.EXAMPLE_MEAN, Mixture.Sampling.WEIGHTED), new Packer(false, 1, 9), 16);
        assertThat(stream.stepsPerEpoch()).isEqualTo(2);
        assertThat(stream.at(1).documentIds()).hasSize(8);
        assertThat(stream.at(2).documentIds()).hasSize(9);
        assertThat(stream.position(3)).isEqualTo(8);
    }

    @Test
    void partsThatCountNothingAreMeasuredAndEmptyOnesGiveTheirShareAway() {
        MixedRows all = new MixedRows(
                rows(2, 2, 2), new Mixture(1, 0.5, Reduction.EXAMPLE_MEAN, Mixture.Sampling.WEIGHTED), SHUFFLED, "f");
        assertThat(all.all().units()).hasSize(2 + 1);
        assertThat(all.all().measured()).hasSize(4 + 1);
        assertThat(all.notes()).isEmpty();

        MixedRows two = mixed(rows(2, 2, 0), Reduction.EXAMPLE_MEAN, Mixture.Sampling.WEIGHTED);
        assertThat(two.notes()).hasSize(1);
        assertThat(two.all().components())
                .extracting(Component::share)
                .usingComparatorForType((a, b) -> Math.abs(a - b) < 1e-12 ? 0 : 1, Double.class)
                .containsExactly(0.3 / 0.86, 0.56 / 0.86, 0.0);
        assertThat(two.all().components().getLast().present()).isFalse();

        Example none = new Example("n", new int[2], new float[] {0, 1}, 1, "f:1");
        assertThatThrownBy(() -> mixed(List.of(none), Reduction.EXAMPLE_MEAN, Mixture.Sampling.WEIGHTED))
                .isInstanceOf(DataException.class)
                .hasMessageStartingWith("f:1: origin: expected one of knowledge, easy, hard");
    }
}
