package awl.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.DataException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BatchStreamTest {

    private static List<Example> examples(int count) {
        List<Example> examples = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            examples.add(new Example("e" + i, new int[] {i, i, i}, new float[] {1, 0, 1}, 1, "f:" + i));
        }
        return examples;
    }

    private static BatchStream stream(int rows, int batch, boolean shuffle, long seed) {
        return new BatchStream(
                examples(rows), new Weighting(Reduction.TOKEN_MEAN), new Packer(false, 1, 2), batch, shuffle, seed);
    }

    @Test
    void anEpochShowsEveryRowOnceInAnOrderOfItsOwn() {
        BatchStream stream = stream(10, 4, true, 3);
        assertThat(stream.stepsPerEpoch()).isEqualTo(3);
        List<List<String>> epochs = new ArrayList<>();
        for (int epoch = 0; epoch < 4; epoch++) {
            List<String> seen = new ArrayList<>();
            for (int s = 1; s <= 3; s++) {
                StepBatches step = stream.at(epoch * 3L + s);
                assertThat(step.epoch()).isEqualTo(epoch);
                assertThat(step.documentIds()).hasSize(s == 3 ? 2 : 4);
                seen.addAll(step.documentIds());
            }
            assertThat(seen).doesNotHaveDuplicates().hasSize(10);
            epochs.add(seen);
        }
        assertThat(epochs).doesNotHaveDuplicates();
    }

    @Test
    void theSeedAloneDecidesAndWithoutShufflingTheFileDoes() {
        assertThat(stream(50, 50, true, 1).at(1).documentIds())
                .isEqualTo(stream(50, 50, true, 1).at(1).documentIds())
                .isNotEqualTo(stream(50, 50, true, 2).at(1).documentIds());
        assertThat(stream(3, 2, false, 1).at(4).documentIds()).containsExactly("e2");
        assertThat(stream(3, 2, false, 1).at(3).documentIds()).containsExactly("e0", "e1");
    }

    @Test
    void countsTokensAndPredictions() {
        StepBatches step = stream(3, 3, false, 0).at(1);
        assertThat(step.tokens()).isEqualTo(9);
        assertThat(step.learnedTokens()).isEqualTo(3); // the weight of position 0 has no prediction
        assertThat(step.normaliser()).isEqualTo(3);
        assertThat(step.microBatches()).hasSize(2);
    }

    @Test
    void readingAheadFromAnyStepGivesTheSameSteps() {
        BatchStream stream = stream(7, 3, true, 5);
        try (BatchStream.Ahead ahead = stream.from(4, 12)) {
            for (long step = 4; step <= 12; step++) {
                StepBatches next = ahead.next();
                assertThat(next.step()).isEqualTo(step);
                assertThat(next.documentIds()).isEqualTo(stream.at(step).documentIds());
            }
        }
    }

    @Test
    void anErrorWhileReadingAheadComesOutOfNext() {
        Example bad = new Example("bad", new int[3], new float[] {0, 1, -1}, 1, "f:9");
        BatchStream stream = new BatchStream(
                List.of(bad), new Weighting(Reduction.EXAMPLE_MEAN), new Packer(false, 1, 1), 1, false, 0);
        try (BatchStream.Ahead ahead = stream.from(1, 3)) {
            assertThatThrownBy(ahead::next).isInstanceOf(DataException.class).hasMessageContaining("f:9");
        }
    }

    @Test
    void splitMixMatchesItsPublishedNumbers() {
        SplitMix random = new SplitMix(1234567);
        assertThat(List.of(random.next(), random.next(), random.next()))
                .containsExactly(
                        6457827717110365317L, 3203168211198807973L, Long.parseUnsignedLong("9817491932198370423"));
    }
}
