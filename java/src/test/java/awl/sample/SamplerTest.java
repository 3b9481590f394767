package awl.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.ConfigException;
import awl.NativeException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

final class SamplerTest {

    @Test
    void settingsAreSaidWithoutWhatIsOff() {
        assertThat(Sampling.GREEDY.describe()).isEqualTo("greedy");
        assertThat(Sampling.at(0.7, 3).describe()).isEqualTo("temperature 0.7");
        assertThat(new Sampling(1, 40, 0.9, 0.05, 1.1, 3).describe())
                .isEqualTo("temperature 1.0, top-k 40, top-p 0.9, min-p 0.05, repetition penalty 1.1");
        assertThat(new Sampling(0, 0, 1, 0, 1.1, 3).describe()).isEqualTo("greedy, repetition penalty 1.1");
    }

    private static final ArrayLogits ROW = ArrayLogits.row(2.0, -1.0, 0.5, 2.0, 1.2, -3.0, 0.0, 1.9);

    @Test
    void greedyTakesTheLowestIdAmongEquals() {
        var choice = new Sampler(Sampling.GREEDY, 0).next(ROW, 0, new Sampler.Scratch());
        assertThat(choice.id()).isZero();
        assertThat(choice.logProb()).isCloseTo(2.0 - ROW.logSumExp(0), within(1e-12));
    }

    @Test
    void drawsFollowTheSoftmaxAtTheTemperature() {
        for (double temperature : new double[] {0.5, 1, 2}) {
            double[] expected = softmax(ROW.rows()[0], temperature);
            assertChiSquare(expected, counts(Sampling.at(temperature, 7), 20_000));
        }
    }

    @Test
    void filteredDrawsFollowTheRenormalisedRest() {
        // top-k 4 leaves {0, 3, 7, 4}; of these top-p 0.8 drops 4 (0.29 + 0.29 + 0.26 >= 0.8).
        double[] expected = softmax(ROW.rows()[0], 1);
        double kept = expected[0] + expected[3] + expected[7];
        double[] renormalised = new double[expected.length];
        for (int id : new int[] {0, 3, 7}) {
            renormalised[id] = expected[id] / kept;
        }
        assertChiSquare(renormalised, counts(new Sampling(1, 4, 0.8, 0, 1, 3), 20_000));
    }

    @Test
    void supportsAreThoseOfAPlainImplementation() {
        Random random = new Random(5);
        for (int round = 0; round < 60; round++) {
            int size = 2 + random.nextInt(40);
            float[] row = new float[size];
            for (int v = 0; v < size; v++) {
                row[v] = Math.round(random.nextGaussian() * 6) / 4f; // many equal values
            }
            Sampling sampling = new Sampling(
                    0.5 + random.nextDouble(),
                    random.nextInt(3) == 0 ? 0 : 1 + random.nextInt(size + 3),
                    random.nextInt(3) == 0 ? 1 : 0.05 + 0.9 * random.nextDouble(),
                    random.nextInt(3) == 0 ? 0 : random.nextDouble(),
                    1,
                    round);
            Set<Integer> expected = plainSupport(row, sampling);
            Set<Integer> drawn = new TreeSet<>();
            Sampler sampler = new Sampler(sampling, 0);
            Sampler.Scratch scratch = new Sampler.Scratch();
            for (int n = 0; n < 4_000; n++) {
                drawn.add(sampler.next(new ArrayLogits(new float[][] {row}), 0, scratch)
                        .id());
            }
            assertThat(expected).as("%s", sampling).containsAll(drawn);
            double[] probability = softmax(row, sampling.temperature());
            double total = expected.stream().mapToDouble(v -> probability[v]).sum();
            Set<Integer> likely = new HashSet<>(expected);
            likely.removeIf(v -> probability[v] / total < 0.005); // (1 - 0.005)^4000 = 2e-9
            assertThat(drawn).as("%s", sampling).containsAll(likely);
        }
    }

    @Test
    void repetitionPenaltyDividesPositiveAndMultipliesNegativeLogits() {
        Sampler sampler = new Sampler(new Sampling(0, 0, 1, 0, 1.5, 0), 0);
        sampler.see(new int[] {0, 1});
        Sampler.Scratch scratch = new Sampler.Scratch();
        // 2.0 / 1.5 = 1.33: 3 wins with 2.0, then 7 with 1.9, then 0 and 3 are at 1.33, and 7 at 1.27.
        List<Integer> chosen = new ArrayList<>();
        for (int n = 0; n < 4; n++) {
            var choice = sampler.next(ROW, 0, scratch);
            chosen.add(choice.id());
            assertThat(choice.logProb()).isCloseTo(ROW.rows()[0][choice.id()] - ROW.logSumExp(0), within(1e-12));
        }
        assertThat(chosen).containsExactly(3, 7, 0, 0);
        Sampler negative = new Sampler(new Sampling(0, 0, 1, 0, 2, 0), 0);
        negative.see(new int[] {0});
        assertThat(negative.next(ArrayLogits.row(-1.0, -1.9), 0, scratch).id()).isEqualTo(1);
    }

    @Test
    void drawsDependOnSeedStreamAndPositionOnly() {
        float[] row = new float[500];
        Logits flat = new ArrayLogits(new float[][] {row});
        assertThat(draws(flat, 1, 4)).isEqualTo(draws(flat, 1, 4));
        assertThat(draws(flat, 1, 4)).isNotEqualTo(draws(flat, 1, 5)).isNotEqualTo(draws(flat, 2, 4));
        // Neighbouring streams are unrelated: no shift of one appears in the other.
        List<Integer> one = draws(flat, 0, 0);
        List<Integer> two = draws(flat, 0, 1);
        for (int shift = 0; shift < 20; shift++) {
            assertThat(two.subList(0, 20)).isNotEqualTo(one.subList(shift, shift + 20));
        }
    }

    @Test
    void counterRandomIsUniform() {
        double[] expected = new double[32];
        int[] counts = new int[32];
        for (int stream = 0; stream < 200; stream++) {
            CounterRandom random = new CounterRandom(11, stream);
            for (int n = 0; n < 100; n++) {
                counts[(int) (random.uniform(n) * 32)]++;
            }
        }
        java.util.Arrays.fill(expected, 1.0 / 32);
        assertChiSquare(expected, counts);
    }

    @Test
    void exponentialIsExactToElevenDigits() {
        for (double x = 0; x > -690; x -= 0.0371) {
            assertThat(Exp.ofNegative(x)).isCloseTo(Math.exp(x), within(1e-11 * Math.exp(x)));
        }
        assertThat(Exp.ofNegative(0)).isEqualTo(1);
        assertThat(Exp.ofNegative(Double.NEGATIVE_INFINITY)).isZero();
    }

    @Test
    void logitsThatAreNotNumbersAreAnError() {
        Sampler sampler = new Sampler(Sampling.at(1, 0), 0);
        assertThatThrownBy(() -> sampler.next(ArrayLogits.row(0, Double.NaN), 0, new Sampler.Scratch()))
                .isInstanceOf(NativeException.class)
                .hasMessageContaining("NaN");
    }

    @Test
    void settingsOutOfRangeAreNamed() {
        assertThatThrownBy(() -> new Sampling(-1, 0, 1, 0, 1, 0))
                .isInstanceOf(ConfigException.class)
                .hasMessage("temperature: expected a number >= 0, found -1.0");
        assertThatThrownBy(() -> new Sampling(1, 0, 0, 0, 1, 0)).hasMessageContaining("top-p");
        assertThatThrownBy(() -> new Sampling(1, 0, 1, 2, 1, 0)).hasMessageContaining("min-p");
        assertThatThrownBy(() -> new Sampling(1, -1, 1, 0, 1, 0)).hasMessageContaining("top-k");
        assertThatThrownBy(() -> new Sampling(1, 0, 1, 0, 0, 0)).hasMessageContaining("repetition-penalty");
    }

    private static List<Integer> draws(Logits logits, long seed, long stream) {
        Sampler sampler = new Sampler(Sampling.at(1, seed), stream);
        Sampler.Scratch scratch = new Sampler.Scratch();
        List<Integer> ids = new ArrayList<>();
        for (int n = 0; n < 60; n++) {
            ids.add(sampler.next(logits, 0, scratch).id());
        }
        return ids;
    }

    private static int[] counts(Sampling sampling, int draws) {
        int[] counts = new int[ROW.vocabularySize()];
        Sampler sampler = new Sampler(sampling, 1);
        Sampler.Scratch scratch = new Sampler.Scratch();
        for (int n = 0; n < draws; n++) {
            counts[sampler.next(ROW, 0, scratch).id()]++;
        }
        return counts;
    }

    private static double[] softmax(float[] logits, double temperature) {
        double[] probability = new double[logits.length];
        double total = 0;
        for (int v = 0; v < logits.length; v++) {
            total += probability[v] = Math.exp(logits[v] / temperature);
        }
        for (int v = 0; v < logits.length; v++) {
            probability[v] /= total;
        }
        return probability;
    }

    /// The filters by sorting, as their definitions read.
    private static Set<Integer> plainSupport(float[] logits, Sampling sampling) {
        double[] probability = softmax(logits, sampling.temperature());
        List<Integer> order = new ArrayList<>();
        for (int v = 0; v < logits.length; v++) {
            order.add(v);
        }
        order.sort(Comparator.comparingDouble(v -> -logits[v]));
        if (sampling.topK() > 0 && sampling.topK() < order.size()) {
            float kth = logits[order.get(sampling.topK() - 1)];
            order.removeIf(v -> logits[v] < kth);
        }
        double total = order.stream().mapToDouble(v -> probability[v]).sum();
        List<Integer> kept = new ArrayList<>();
        double mass = 0;
        for (int v : order) {
            if (mass < sampling.topP() * total) {
                kept.add(v);
            }
            mass += probability[v];
        }
        double largest = probability[order.getFirst()];
        kept.removeIf(v -> probability[v] < sampling.minP() * largest);
        return new TreeSet<>(kept);
    }

    /// Passes with probability 0.9999 where the counts are drawn from `expected`; the seeds are fixed.
    private static void assertChiSquare(double[] expected, int[] counts) {
        int draws = java.util.Arrays.stream(counts).sum();
        double statistic = 0;
        int freedom = -1;
        for (int v = 0; v < expected.length; v++) {
            if (expected[v] == 0) {
                assertThat(counts[v]).as("draws of token %d", v).isZero();
                continue;
            }
            double mean = expected[v] * draws;
            statistic += (counts[v] - mean) * (counts[v] - mean) / mean;
            freedom++;
        }
        // Wilson and Hilferty's approximation of the quantile.
        double a = 2.0 / (9 * freedom);
        double quantile = freedom * Math.pow(1 - a + 3.72 * Math.sqrt(a), 3);
        assertThat(statistic).isLessThan(quantile);
    }
}
