package awl.kernel;

import static awl.kernel.Accuracy.same;
import static awl.kernel.Accuracy.worst;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.NativeObjects;
import awl.ShapeException;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// What every implementation of the loss head must keep to, whatever its numbers are: see [HeadAccuracyContract].
interface HeadContract {

    Kernels kernels();

    @ParameterizedTest
    @MethodSource("awl.kernel.HeadCase#small")
    default void headRepeatsBitForBit(HeadCase c) {
        HeadCase.Inputs in = c.inputs();
        HeadRun first = HeadRun.of(kernels(), c, in);
        HeadRun second = HeadRun.of(kernels(), c, in);
        assertThat(same(first.loss().lossSum(), second.loss().lossSum())).isTrue();
        assertThat(same(first.loss().logProb_A(), second.loss().logProb_A())).isTrue();
        assertThat(same(first.loss().hiddenGradient_ND(), second.loss().hiddenGradient_ND()))
                .isTrue();
        assertThat(same(first.dHead_VD(), second.dHead_VD())).isTrue();
    }

    @Test
    default void headWithoutActiveRowsIsZeroAndTouchesNoGradient() {
        HeadCase c = HeadCase.of("none", 6, 5, 9, 0);
        HeadCase.Inputs in = c.inputs();
        Tensor dHead = torch.randn(9, 5);
        Tensor before = dHead.clone();
        HeadLoss loss = HeadRun.loss(kernels(), in, dHead, HeadOptions.standard());
        assertThat(loss.lossSum().item_double()).isZero();
        assertThat(loss.hiddenGradient_ND().abs().sum().item_double()).isZero();
        assertThat(same(dHead, before)).isTrue();
    }

    @Test
    default void headGradientIsAddedToWhatIsThere() {
        HeadCase c = HeadCase.of("beta = 1", 60, 32, 129, 40).cut(HeadPlan.Order.ROWS, 16, 129);
        HeadCase.Inputs in = c.inputs();
        HeadRun fresh = HeadRun.of(kernels(), c, in);
        Tensor before = torch.randn(129, 32);
        Tensor dHead = before.clone();
        HeadRun.loss(kernels(), in, dHead, HeadOptions.standard().withPlan(c.plan()));
        assertThat(worst(dHead, before.add(fresh.dHead_VD()))).isLessThan(1e-5);
    }

    @Test
    default void aFrozenHeadChangesNothingElse() {
        HeadCase c = HeadCase.of("frozen", 60, 32, 129, 40);
        HeadCase.Inputs in = c.inputs();
        HeadRun trained = HeadRun.of(kernels(), c, in);
        HeadLoss frozen = HeadRun.loss(kernels(), in, null, HeadOptions.standard());
        assertThat(same(frozen.hiddenGradient_ND(), trained.loss().hiddenGradient_ND()))
                .isTrue();
        assertThat(same(frozen.lossSum(), trained.loss().lossSum())).isTrue();
    }

    @Test
    default void rowsMayComeInAnyOrder() {
        HeadCase c = HeadCase.of("permuted", 40, 24, 131, 40);
        HeadCase.Inputs in = c.inputs();
        HeadRun straight = HeadRun.of(kernels(), c, in);
        Tensor order = torch.randperm(40).to(ScalarType.Long);
        HeadCase.Inputs shuffled = new HeadCase.Inputs(
                in.hidden_ND().index_select(0, order),
                in.weight_VD(),
                in.target_N().index_select(0, order),
                in.weights_N().index_select(0, order),
                in.activeRows_A(),
                null);
        HeadRun permuted = HeadRun.of(kernels(), c, shuffled);
        assertThat(worst(permuted.loss().lossSum(), straight.loss().lossSum())).isLessThan(1e-6);
        assertThat(worst(
                        permuted.loss().hiddenGradient_ND(),
                        straight.loss().hiddenGradient_ND().index_select(0, order)))
                .isLessThan(1e-5);
        assertThat(worst(permuted.dHead_VD(), straight.dHead_VD())).isLessThan(1e-5);
    }

    @ParameterizedTest
    @CsvSource({"ROWS, 16, 129", "VOCABULARY, 40, 50"})
    default void nanInAMaskedRowDoesNotLeakAndInAnActiveRowItIsSeen(HeadPlan.Order order, long rows, long classes) {
        HeadCase c = HeadCase.of("nan", 60, 32, 129, 40).cut(order, rows, classes);
        HeadCase.Inputs in = c.inputs();
        HeadRun clean = HeadRun.of(kernels(), c, in);
        long masked = 0;
        while (in.weights_N().select(0, masked).item_double() != 0) {
            masked++;
        }
        in.hidden_ND().select(0, masked).fill_(new Scalar(Double.NaN));
        HeadRun withMasked = HeadRun.of(kernels(), c, in);
        assertThat(same(withMasked.loss().lossSum(), clean.loss().lossSum())).isTrue();
        assertThat(same(withMasked.loss().hiddenGradient_ND(), clean.loss().hiddenGradient_ND()))
                .isTrue();
        assertThat(same(withMasked.dHead_VD(), clean.dHead_VD())).isTrue();

        long active = in.activeRows_A().select(0, 3).item_long();
        in.hidden_ND().select(0, active).select(0, 5).fill_(new Scalar(Double.NaN));
        HeadRun withActive = HeadRun.of(kernels(), c, in);
        assertThat(withActive.loss().lossSum().item_double()).isNaN();
        assertThat(withActive.loss().logProb_A().select(0, 3).item_double()).isNaN();
        assertThat(withActive.loss().logProb_A().select(0, 4).item_double()).isFinite();
        assertThat(withActive.loss().hiddenGradient_ND().select(0, active).sum().item_double())
                .isNaN();
    }

    @Test
    default void infiniteLogitsReachTheLoss() {
        HeadCase c = HeadCase.of("inf", 8, 4, 33, 8);
        HeadCase.Inputs in = c.inputs();
        in.hidden_ND().select(0, 2).fill_(new Scalar(Double.POSITIVE_INFINITY));
        assertThat(HeadRun.of(kernels(), c, in).loss().lossSum().item_double()).isNaN();
    }

    @Test
    default void scoringAllRowsNeedsNoRowList() {
        HeadCase c = HeadCase.of("all", 30, 16, 65, 30);
        HeadCase.Inputs in = c.inputs();
        HeadScore all = kernels().score(in.hidden_ND(), in.weight_VD(), in.target_N(), null, HeadOptions.standard());
        HeadScore listed = kernels()
                .score(in.hidden_ND(), in.weight_VD(), in.target_N(), in.activeRows_A(), HeadOptions.standard());
        assertThat(same(all.logProb_A(), listed.logProb_A())).isTrue();
    }

    @Test
    default void headRefusesWhatDoesNotFit() {
        HeadCase c = HeadCase.of("wrong", 6, 5, 9, 4);
        HeadCase.Inputs in = c.inputs();
        HeadOptions options = HeadOptions.standard();
        assertThatThrownBy(() ->
                        kernels().score(in.hidden_ND(), torch.randn(9, 4), in.target_N(), in.activeRows_A(), options))
                .isInstanceOf(ShapeException.class)
                .hasMessage("head weight: expected (V, D) = [9, 5] got [9, 4]");
        assertThatThrownBy(() -> kernels()
                        .score(
                                in.hidden_ND(),
                                in.weight_VD(),
                                in.target_N().to(ScalarType.Int),
                                in.activeRows_A(),
                                options))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("target: expected dtype [Long] got Int");
        in.target_N().fill_(new Scalar(9L));
        assertThatThrownBy(() ->
                        kernels().score(in.hidden_ND(), in.weight_VD(), in.target_N(), in.activeRows_A(), options))
                .isInstanceOf(ShapeException.class)
                .hasMessage("target: expected classes in [0, V=9) on active rows, got 9");
    }

    @Test
    default void headLeavesNoPointersBehind() {
        HeadCase c = HeadCase.of("leak", 60, 32, 129, 40);
        HeadCase.Inputs in = c.inputs();
        Kernels kernels = kernels();
        long[] count = new long[3];
        for (int i = 0; i < count.length; i++) {
            try (PointerScope _ = new PointerScope()) {
                HeadRun.of(kernels, c, in);
            }
            count[i] = i == 1 ? NativeObjects.settled() : Pointer.totalCount();
        }
        assertThat(count[2]).isLessThanOrEqualTo(count[1]);
    }
}
