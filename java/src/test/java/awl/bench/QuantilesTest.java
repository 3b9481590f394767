package awl.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

final class QuantilesTest {

    @Test
    void quantilesLieBetweenTheNearestSamples() {
        // numpy.percentile([4, 1, 3, 2, 10], [20, 50, 80]) = 1.8, 3, 5.2
        Quantiles of = Quantiles.of(List.of(4.0, 1.0, 3.0, 2.0, 10.0));
        assertThat(of.least()).isEqualTo(1);
        assertThat(of.p20()).isCloseTo(1.8, within(1e-12));
        assertThat(of.median()).isEqualTo(3);
        assertThat(of.p80()).isCloseTo(5.2, within(1e-12));
        assertThat(of.count()).isEqualTo(5);
        assertThat(Quantiles.of(List.of(1.0, 2.0)).median()).isEqualTo(1.5);
        assertThat(Quantiles.of(List.of(7.0))).isEqualTo(new Quantiles(7, 7, 7, 7, 1));
    }

    @Test
    void whatSlowsAWholeRoundDownIsNotInTheRatios() {
        Quantiles ratios = Quantiles.ofRatios(List.of(2.0, 20.0, 4.0), List.of(1.0, 10.0, 2.0));
        assertThat(ratios).isEqualTo(new Quantiles(2, 2, 2, 2, 3));
    }

    @Test
    void nothingHasNoQuantiles() {
        assertThatThrownBy(() -> Quantiles.of(List.of())).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> Quantiles.ofRatios(List.of(1.0), List.of()))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
