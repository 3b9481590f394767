package awl.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

final class ScheduleTest {

    private static final Offset<Double> EXACT = within(1e-15);

    @Test
    void cosineMatchesTheReferenceCurve() {
        Schedule cosine = new Schedule.Cosine(0.003, 4, 20, 0);
        double[] golden = {0.00075, 0.0015, 0.00225, 0.003, 0.0029711779206048456, 0.00288581929876693};
        for (int s = 1; s <= golden.length; s++) {
            assertThat(cosine.at(s)).isCloseTo(golden[s - 1], EXACT);
        }
        assertThat(cosine.at(12)).isCloseTo(0.0015, EXACT);
        assertThat(cosine.at(19)).isCloseTo(2.8822079395154354e-05, EXACT);
        assertThat(cosine.at(20)).isCloseTo(0, EXACT);
        assertThat(cosine.at(25)).isCloseTo(0, EXACT);
    }

    @Test
    void linearFallsEvenlyToItsFloor() {
        Schedule linear = new Schedule.Linear(1, 2, 12, 0.2);
        assertThat(linear.at(1)).isCloseTo(0.5, EXACT);
        assertThat(linear.at(2)).isCloseTo(1, EXACT);
        assertThat(linear.at(7)).isCloseTo(0.6, EXACT);
        assertThat(linear.at(12)).isCloseTo(0.2, EXACT);
        assertThat(linear.at(99)).isCloseTo(0.2, EXACT);
    }

    @Test
    void constantStaysAndEveryKindStartsWithoutWarmUp() {
        assertThat(new Schedule.Constant(3, 0).at(1)).isEqualTo(3);
        assertThat(new Schedule.Constant(3, 3).at(1)).isEqualTo(1);
        assertThat(new Schedule.Cosine(1, 0, 2, 0.5).at(1)).isCloseTo(0.75, EXACT);
        assertThatThrownBy(() -> new Schedule.Constant(3, 0).at(0)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void warmUpAsLongAsTheRunNeverDividesByZero() {
        assertThat(new Schedule.Cosine(1, 5, 5, 0).at(5)).isEqualTo(1);
        assertThat(new Schedule.Linear(1, 5, 5, 0.1).at(6)).isCloseTo(0.1, EXACT);
    }
}
