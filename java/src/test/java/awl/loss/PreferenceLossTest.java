package awl.loss;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.loss.PreferenceLoss.Branch;
import awl.loss.PreferenceLoss.Kind;
import awl.loss.PreferenceLoss.Result;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class PreferenceLossTest {

    @Test
    void handWorkedValues() {
        Branch chosen = new Branch(-4, -6, 2);
        Branch rejected = new Branch(-9, -8, 4);
        Result dpo = new PreferenceLoss(Kind.SIGMOID, 0.5, 0).of(chosen, rejected);
        assertThat(dpo.margin()).isEqualTo(3);
        assertThat(dpo.loss()).isCloseTo(Math.log1p(Math.exp(-1.5)), within(1e-15));
        Result ipo = new PreferenceLoss(Kind.IPO, 0.5, 0.25).of(chosen, rejected);
        assertThat(ipo.margin()).isEqualTo(1.25);
        assertThat(ipo.loss()).isCloseTo(0.0625 + 0.25 * 2, within(1e-15));
    }

    @ParameterizedTest
    @EnumSource(Kind.class)
    void slopesAreThoseOfTheLoss(Kind kind) {
        PreferenceLoss loss = new PreferenceLoss(kind, 0.3, 0.7);
        double h = 1e-5;
        for (double at : new double[] {-20, -3, 0.4, 8}) {
            Branch rejected = new Branch(-7, -6.5, 5);
            Result here = loss.of(new Branch(at, -2, 3), rejected);
            double up = loss.of(new Branch(at + h, -2, 3), rejected).loss();
            double down = loss.of(new Branch(at - h, -2, 3), rejected).loss();
            assertThat((up - down) / (2 * h)).isCloseTo(here.chosenSlope(), within(1e-6));
            Branch chosen = new Branch(-4, -2, 3);
            Result other = loss.of(chosen, new Branch(at, -6.5, 5));
            up = loss.of(chosen, new Branch(at + h, -6.5, 5)).loss();
            down = loss.of(chosen, new Branch(at - h, -6.5, 5)).loss();
            assertThat((up - down) / (2 * h)).isCloseTo(other.rejectedSlope(), within(1e-6));
        }
    }

    @Test
    void marginsFarFromZeroNeitherOverflowNorVanish() {
        PreferenceLoss loss = new PreferenceLoss(Kind.SIGMOID, 1, 0);
        Result lost = loss.of(new Branch(-5000, 0, 10), new Branch(0, 0, 10));
        assertThat(lost.loss()).isEqualTo(5000);
        assertThat(lost.chosenSlope()).isEqualTo(-1);
        Result won = loss.of(new Branch(0, 0, 10), new Branch(-5000, 0, 10));
        assertThat(won.loss()).isZero();
        assertThat(won.chosenSlope()).isZero();
    }
}
