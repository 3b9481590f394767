package awl.kernel;

import static awl.kernel.Accuracy.worst;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// How exact every implementation of the loss head must be: loss, log-probabilities and gradients. The test says which
/// cases it takes, `headCases`.
interface HeadAccuracyContract {

    Kernels kernels();

    @ParameterizedTest
    @MethodSource("headCases")
    default void headIsAsExactAsPlainLibtorch(HeadCase c) {
        HeadCase.Inputs in = c.inputs();
        HeadRun got = HeadRun.of(kernels(), c, in);
        got.requireAsExactAsPlain(c, in);
        assertThat(got.loss().logProb_A().size(0)).isEqualTo(c.active());
        assertThat(Arguments.dtype(got.loss().hiddenGradient_ND())).isEqualTo(c.dtype());
    }

    @ParameterizedTest
    @MethodSource("awl.kernel.HeadCase#small")
    default void scoreAndLateWeightsGiveTheSameAsOnePass(HeadCase c) {
        HeadCase.Inputs in = c.inputs();
        HeadRun once = HeadRun.of(kernels(), c, in);
        HeadOptions options = HeadOptions.standard()
                .withSoftCap(c.softCap())
                .withBias(in.bias_V(), null)
                .withPlan(c.plan());
        for (boolean keep : new boolean[] {false, true}) {
            for (boolean displaced : new boolean[] {false, true}) {
                lateWeightsGive(once, c, in, keep ? options.keepingLogits() : options, displaced);
            }
        }
    }

    /// @param displaced whether something else is scored in between
    private void lateWeightsGive(HeadRun once, HeadCase c, HeadCase.Inputs in, HeadOptions options, boolean displaced) {
        HeadScore score = HeadRun.score(kernels(), in, options);
        assertThat(worst(score.logProb_A(), once.loss().logProb_A())).isLessThan(1e-5);
        assertThat(worst(score.logSumExp_A(), once.loss().logSumExp_A())).isLessThan(1e-6);
        if (displaced) {
            HeadCase.Inputs other = HeadCase.of("other", 9, c.d(), c.v(), 9).inputs();
            kernels().score(other.hidden_ND(), other.weight_VD(), other.target_N(), null, HeadOptions.standard());
        }
        Tensor dHead = torch.zeros_like(once.dHead_VD());
        Tensor dBias = once.dBias_V() == null ? null : torch.zeros_like(once.dBias_V());
        Tensor dHidden = HeadRun.late(kernels(), in, score, dHead, options.withBias(in.bias_V(), dBias));
        // Libtorch's products of other shapes have other last bits, of which logits of 1e4 have few behind the point.
        boolean coarse = options.keepsLogits() && c.name().startsWith("logits 1e4");
        double sums = coarse ? 1e-2 : 1e-5;
        String what = "logits kept: %s, displaced: %s".formatted(options.keepsLogits(), displaced);
        assertThat(worst(dHidden, once.loss().hiddenGradient_ND()))
                .as(what)
                .isLessThan(c.dtype() == ScalarType.BFloat16 ? 1e-2 : sums);
        assertThat(worst(dHead, once.dHead_VD())).as(what).isLessThan(sums);
        if (dBias != null && once.dBias_V() != null) {
            assertThat(worst(dBias, once.dBias_V())).as(what).isLessThan(sums);
        }
    }

    @Test
    default void everyChunkingGivesTheSameNumbers() {
        HeadCase base = HeadCase.of("chunks", 150, 33, 517, 100).capped(20);
        HeadCase.Inputs in = base.inputs();
        HeadRun whole = HeadRun.of(kernels(), base.cut(HeadPlan.Order.ROWS, 100, 517), in);
        for (HeadPlan plan : List.of(
                new HeadPlan(HeadPlan.Order.ROWS, 7, 517),
                new HeadPlan(HeadPlan.Order.ROWS, 99, 517),
                new HeadPlan(HeadPlan.Order.ROWS, 40, 100),
                new HeadPlan(HeadPlan.Order.VOCABULARY, 100, 1),
                new HeadPlan(HeadPlan.Order.VOCABULARY, 100, 63),
                new HeadPlan(HeadPlan.Order.VOCABULARY, 100, 516))) {
            HeadRun cut = HeadRun.of(kernels(), base.cut(plan.order(), plan.rows(), plan.classes()), in);
            assertThat(worst(cut.loss().lossSum(), whole.loss().lossSum()))
                    .as("%s", plan)
                    .isLessThan(1e-6);
            assertThat(worst(cut.loss().hiddenGradient_ND(), whole.loss().hiddenGradient_ND()))
                    .as("%s", plan)
                    .isLessThan(1e-5);
            assertThat(worst(cut.dHead_VD(), whole.dHead_VD())).as("%s", plan).isLessThan(1e-5);
        }
    }

    @Test
    default void logitGradientsOfARowSumToZero() {
        // With W = identity, dH is the gradient of the logits itself.
        int v = 301;
        Tensor hidden = torch.randn(50, v).mul_(new Scalar(4.0));
        Tensor rows = torch.arange(new Scalar(50L)).to(ScalarType.Long);
        HeadLoss loss = kernels()
                .linearCrossEntropy(
                        hidden,
                        torch.eye(v),
                        torch.randint(v, new long[] {50}).to(ScalarType.Long),
                        torch.ones(50),
                        rows,
                        null,
                        HeadOptions.standard());
        double sum = loss.hiddenGradient_ND()
                .to(ScalarType.Double)
                .sum(1)
                .abs()
                .max()
                .item_double();
        assertThat(sum).isLessThan(2e-6);
    }

    @ParameterizedTest
    @CsvSource({"ROWS", "VOCABULARY"})
    default void theTrueClassKeepsItsDigitsWhenNearlyCertain(HeadPlan.Order order) {
        // p is 1 - 1e-6 or so: softmax - 1 in float32 would keep one digit of it.
        int v = 16;
        Tensor hidden = torch.eye(v).mul_(new Scalar(16.5));
        HeadCase c = HeadCase.of("certain", v, v, v, v).cut(order, v, 5);
        c = order == HeadPlan.Order.ROWS ? c.cut(order, v, v) : c;
        Tensor target = torch.arange(new Scalar((long) v)).to(ScalarType.Long);
        HeadLoss loss = kernels()
                .linearCrossEntropy(
                        hidden,
                        torch.eye(v),
                        target,
                        torch.ones(v),
                        target,
                        null,
                        HeadOptions.standard().withPlan(c.plan()));
        double expected = -1 + 1 / (1 + (v - 1) * Math.exp(-16.5));
        for (int row = 0; row < v; row++) {
            double got = loss.hiddenGradient_ND().select(0, row).select(0, row).item_double();
            assertThat(Math.abs(got / expected - 1)).isLessThan(1e-4);
        }
    }

    @ParameterizedTest
    @CsvSource({"ROWS, 3, 11", "VOCABULARY, 5, 4"})
    default void headGradientsMatchFiniteDifferences(HeadPlan.Order order, long rows, long classes) {
        HeadCase c = HeadCase.of("differences", 7, 6, 11, 5)
                .in(ScalarType.Double)
                .capped(3)
                .biased()
                .cut(order, rows, classes);
        HeadCase.Inputs in = c.inputs();
        HeadRun got = HeadRun.of(kernels(), c, in);
        double step = 1e-5;
        for (Tensor input : List.of(in.hidden_ND(), in.weight_VD())) {
            Tensor gradient = input == in.hidden_ND() ? got.loss().hiddenGradient_ND() : got.dHead_VD();
            Tensor flat = input.view(-1);
            for (int i = 0; i < flat.size(0); i++) {
                double slope = (shifted(c, in, flat, i, step) - shifted(c, in, flat, i, -step)) / (2 * step);
                assertThat(gradient.view(-1).select(0, i).item_double())
                        .isCloseTo(slope, org.assertj.core.api.Assertions.within(1e-7));
            }
        }
    }

    /// In float32, which native code computes itself (float64 goes to the reference): how the loss changes
    /// along random directions, by differences of the oracle in float64, is what each gradient says of them.
    @ParameterizedTest
    @CsvSource({
        "ROWS, 77, 331, false",
        "ROWS, 16, 331, true",
        "ROWS, 40, 100, true",
        "VOCABULARY, 77, 64, false",
        "VOCABULARY, 77, 331, true"
    })
    default void headGradientsInFloat32AreTheSlopesOfTheLoss(
            HeadPlan.Order order, long rows, long classes, boolean cappedAndBiased) {
        HeadCase plain = HeadCase.of("slopes", 90, 48, 331, 77).cut(order, rows, classes);
        HeadCase c = cappedAndBiased ? plain.capped(5).biased() : plain;
        HeadCase.Inputs in = c.inputs();
        HeadRun got = HeadRun.of(kernels(), c, in);
        for (int i = 0; i < 4; i++) {
            requireSlope(
                    "dH",
                    c,
                    direction -> in.shifted(direction, null, null),
                    got.loss().hiddenGradient_ND());
            requireSlope("dW", c, direction -> in.shifted(null, direction, null), got.dHead_VD());
            if (got.dBias_V() != null) {
                requireSlope("dBias", c, direction -> in.shifted(null, null, direction), got.dBias_V());
            }
        }
    }

    /// @param moved the inputs, further by what it is given
    private void requireSlope(String what, HeadCase c, Function<Tensor, HeadCase.Inputs> moved, Tensor gradient) {
        Tensor exact = gradient.to(ScalarType.Double);
        Tensor direction = torch.randn_like(exact);
        Scalar step = new Scalar(1e-5);
        double up = exactLoss(c, moved.apply(direction.mul(step)));
        double down = exactLoss(c, moved.apply(direction.mul(step).neg()));
        // A random direction meets a share of the gradient's length that is 1 in the mean of squares, errors alike.
        assertThat(exact.mul(direction).sum().item_double())
                .as(what)
                .isCloseTo(
                        (up - down) / 2e-5,
                        org.assertj.core.api.Assertions.within(
                                2e-5 * exact.norm().item_double()));
    }

    private static double exactLoss(HeadCase c, HeadCase.Inputs in) {
        return HeadOracle.of(c, in, ScalarType.Double).lossSum().item_double();
    }

    private double shifted(HeadCase c, HeadCase.Inputs in, Tensor flat, int i, double by) {
        Tensor element = flat.select(0, i);
        Tensor kept = element.clone();
        element.add_(new Scalar(by));
        double loss = HeadRun.of(kernels(), c, in).loss().lossSum().item_double();
        element.copy_(kept);
        return loss;
    }

    @Test
    default void bf16LogitsAreNoWorseThanPlainBf16() {
        for (HeadCase c : List.of(
                HeadCase.of("bf16 whole", 120, 40, 333, 77).in(ScalarType.BFloat16),
                HeadCase.of("bf16 vocabulary", 120, 40, 333, 77)
                        .in(ScalarType.BFloat16)
                        .cut(HeadPlan.Order.VOCABULARY, 77, 100))) {
            HeadCase.Inputs in = c.inputs();
            HeadRun.of(kernels(), c, in, HeadOptions.standard().withLogits(HeadOptions.Logits.STORAGE))
                    .requireAsExactAsPlain(c, in);
        }
    }
}
