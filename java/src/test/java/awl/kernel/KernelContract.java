package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.NativeObjects;
import awl.ShapeException;
import java.util.List;
import java.util.stream.Stream;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What every implementation of [Kernels] must satisfy; a subclass names one.
///
/// Accuracy is judged as the field should: against float64, next to plain libtorch at the same dtype.
abstract class KernelContract extends OptimizerContract {

    private static final double GRADIENT_FACTOR = 2;
    private static final double LOSS_FACTOR = 3;
    private static final double GRADIENT_SLACK = 1e-4;
    private static final double LOSS_SLACK = 1e-5;

    // --- matrix product ----------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "Float, Float, Float,   1,   1,   1",
        "Float, Float, Float,   7, 321,  17",
        "Float, Float, Float, 130,  64, 200",
        "Float, Float, Float,   3,   0,   5",
        "Double, Double, Double, 31,  40,   9",
        "BFloat16, BFloat16, Float, 33, 65, 18",
        "BFloat16, BFloat16, BFloat16, 33, 65, 18",
        "Float, BFloat16, Float, 40, 17, 33",
        "BFloat16, Float, BFloat16, 7, 321, 16"
    })
    void matrixProductsAreThoseOfFloat64(
            ScalarType leftType, ScalarType rightType, ScalarType outType, int n, int k, int m) {
        for (int turned = 0; turned < 4; turned++) {
            Tensor left =
                    (turned & 1) == 0 ? torch.randn(n, k) : torch.randn(k, n).t();
            Tensor right =
                    (turned & 2) == 0 ? torch.randn(k, m) : torch.randn(m, k).t();
            left = left.to(leftType);
            right = right.to(rightType);
            Tensor exact = left.to(ScalarType.Double).mm(right.to(ScalarType.Double));
            Tensor size = left.to(ScalarType.Double)
                    .abs()
                    .mm(right.to(ScalarType.Double).abs());
            // Rows of a wider matrix; what stands beside them must stay.
            Tensor wide = torch.randn(n, m + 3).to(outType);
            Tensor before = wide.clone();
            Tensor out = wide.narrow(1, 1, m);
            kernels.matrixProduct(left, right, 1, false, out);
            within(out, exact, size);
            kernels.matrixProduct(left, right, -0.5, true, out);
            within(out, exact.mul(new Scalar(0.5)), size);
            kernels.matrixProduct(left, right, 2, false, out);
            within(out, exact.mul(new Scalar(2.0)), size.mul(new Scalar(2.0)));
            assertThat(torch.equal(wide.narrow(1, 0, 1), before.narrow(1, 0, 1)))
                    .isTrue();
            assertThat(torch.equal(wide.narrow(1, m + 1, 2), before.narrow(1, m + 1, 2)))
                    .isTrue();
        }
    }

    /// Off by no more than a few roundings of the terms' absolute values, and of the result where it is bfloat16.
    private static void within(Tensor out, Tensor exact, Tensor size) {
        double rounding = Arguments.dtype(out) == ScalarType.BFloat16 ? 1.0 / 128 : 0;
        Tensor bound = size.mul(new Scalar(2e-6))
                .add_(exact.abs(), new Scalar(rounding))
                .add_(new Scalar(1e-30));
        Tensor error = out.to(ScalarType.Double).sub(exact).abs();
        assertThat(error.le(bound).all().item_bool()).isTrue();
    }

    @Test
    void matricesThatDoNotFitAreRefused() {
        assertThatThrownBy(
                        () -> kernels.matrixProduct(torch.randn(2, 3), torch.randn(4, 5), 1, false, torch.empty(2, 5)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("expected (N, K), (K, M) and (N, M), got (2, 3), (4, 5) and (2, 5)");
        assertThatThrownBy(() -> kernels.matrixProduct(
                        torch.randn(2, 3), torch.randn(3, 5).to(ScalarType.Double), 1, false, torch.empty(2, 5)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("expected float32 and bfloat16, or float64 alone");
    }

    // --- gate --------------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "Float, 1, 1, SILU", "Float, 5, 33, SILU", "Float, 40, 96, TANH_GELU", "Float, 0, 8, SILU",
        "BFloat16, 7, 50, SILU", "BFloat16, 3, 17, TANH_GELU", "Double, 4, 9, SILU", "Double, 4, 9, TANH_GELU"
    })
    void gatesAndTheirGradientsAreThoseOfAutograd(ScalarType dtype, int n, int f, Activation activation) {
        Tensor both = torch.randn(n, 2 * f).mul_(new Scalar(3.0)).to(dtype);
        Tensor upstream = torch.randn(n, f).to(dtype);
        Tensor exact = both.to(ScalarType.Double).detach().set_requires_grad(true);
        Tensor gate = exact.narrow(1, 0, f);
        Tensor value = activation == Activation.SILU ? torch.silu(gate) : torch.gelu(gate, "tanh");
        Tensor expected = value.mul(exact.narrow(1, f, f));
        expected.mul(upstream.to(ScalarType.Double)).sum().backward();
        Tensor out = torch.empty_like(upstream);
        Tensor below = torch.empty_like(both);
        kernels.gated(both, activation, out);
        kernels.gatedBackward(upstream, both, activation, below);
        double unit = dtype == ScalarType.BFloat16 ? 3e-2 : 4e-6;
        // 1 + tanh cancels where the gate is far below zero, and gradients there are multiplied by numbers around 30.
        double slack = 10 * unit;
        assertThat(torch.allclose(out.to(ScalarType.Double), expected.detach(), unit, slack, false))
                .isTrue();
        assertThat(torch.allclose(below.to(ScalarType.Double), exact.grad(), unit, slack, false))
                .isTrue();
    }

    @Test
    void gatesThatDoNotFitAreRefused() {
        assertThatThrownBy(() -> kernels.gated(torch.randn(2, 5), Activation.SILU, torch.empty(2, 2)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("gate and up of one width, got 5 columns");
        assertThatThrownBy(() ->
                        kernels.gatedBackward(torch.randn(2, 3), torch.randn(2, 4), Activation.SILU, torch.empty(2, 4)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("gradient: expected (N, F)");
    }

    // --- loss head ---------------------------------------------------------------------------------------------------

    static Stream<HeadCase> headCases() {
        return HeadCase.all().stream();
    }

    /// Everything the kernel wrote for a case; gradients start at zero.
    private record Run(
            HeadLoss loss, Tensor dHead_VD, @Nullable Tensor dBias_V) {}

    private Run run(HeadCase c, HeadCase.Inputs in, HeadOptions base) {
        ScalarType sums = Arguments.accumulator(c.dtype());
        Tensor dHead = torch.zeros(new long[] {c.v(), c.d()}).to(sums);
        Tensor dBias =
                in.bias_V() == null ? null : torch.zeros(new long[] {c.v()}).to(sums);
        HeadOptions options =
                base.withSoftCap(c.softCap()).withBias(in.bias_V(), dBias).withPlan(c.plan());
        HeadLoss loss = kernels.linearCrossEntropy(
                in.hidden_ND(), in.weight_VD(), in.target_N(), in.weights_N(), in.activeRows_A(), dHead, options);
        return new Run(loss, dHead, dBias);
    }

    private Run run(HeadCase c, HeadCase.Inputs in) {
        return run(c, in, HeadOptions.standard());
    }

    @ParameterizedTest
    @MethodSource("headCases")
    void headIsAsExactAsPlainLibtorch(HeadCase c) {
        HeadCase.Inputs in = c.inputs();
        HeadOracle truth = HeadOracle.of(c, in, ScalarType.Double);
        HeadOracle plain = HeadOracle.of(c, in, c.dtype());
        Run got = run(c, in);
        near("loss", got.loss.lossSum(), plain.lossSum(), truth.lossSum(), LOSS_FACTOR, LOSS_SLACK);
        near("log p", got.loss.logProb_A(), plain.logProb_A(), truth.logProb_A(), LOSS_FACTOR, LOSS_SLACK);
        near(
                "dH",
                got.loss.hiddenGradient_ND(),
                plain.dHidden_ND(),
                truth.dHidden_ND(),
                GRADIENT_FACTOR,
                GRADIENT_SLACK);
        near("dW", got.dHead_VD, plain.dHead_VD(), truth.dHead_VD(), GRADIENT_FACTOR, GRADIENT_SLACK);
        if (got.dBias_V != null && plain.dBias_V() != null && truth.dBias_V() != null) {
            near("dBias", got.dBias_V, plain.dBias_V(), truth.dBias_V(), GRADIENT_FACTOR, GRADIENT_SLACK);
        }
        assertThat(got.loss.logProb_A().size(0)).isEqualTo(c.active());
        assertThat(Arguments.dtype(got.loss.hiddenGradient_ND())).isEqualTo(c.dtype());
    }

    @ParameterizedTest
    @MethodSource("smallHeadCases")
    void scoreAndLateWeightsGiveTheSameAsOnePass(HeadCase c) {
        HeadCase.Inputs in = c.inputs();
        Run once = run(c, in);
        HeadOptions options = HeadOptions.standard()
                .withSoftCap(c.softCap())
                .withBias(in.bias_V(), null)
                .withPlan(c.plan());
        HeadScore score = kernels.score(in.hidden_ND(), in.weight_VD(), in.target_N(), in.activeRows_A(), options);
        assertThat(worst(score.logProb_A(), once.loss.logProb_A())).isLessThan(1e-5);
        assertThat(worst(score.logSumExp_A(), once.loss.logSumExp_A())).isLessThan(1e-6);
        Tensor dHead = torch.zeros_like(once.dHead_VD);
        Tensor dBias = once.dBias_V == null ? null : torch.zeros_like(once.dBias_V);
        Tensor dHidden = kernels.backwardWithWeights(
                in.hidden_ND(),
                in.weight_VD(),
                in.target_N(),
                in.weights_N(),
                in.activeRows_A(),
                score,
                dHead,
                options.withBias(in.bias_V(), dBias));
        double slack = c.dtype() == ScalarType.BFloat16 ? 1e-2 : 1e-5;
        assertThat(worst(dHidden, once.loss.hiddenGradient_ND())).isLessThan(slack);
        assertThat(worst(dHead, once.dHead_VD)).isLessThan(1e-5);
        if (dBias != null && once.dBias_V != null) {
            assertThat(worst(dBias, once.dBias_V)).isLessThan(1e-5);
        }
    }

    static Stream<HeadCase> smallHeadCases() {
        return headCases().filter(c -> c.v() < 10_000);
    }

    @ParameterizedTest
    @MethodSource("smallHeadCases")
    void headRepeatsBitForBit(HeadCase c) {
        HeadCase.Inputs in = c.inputs();
        Run first = run(c, in);
        Run second = run(c, in);
        assertThat(same(first.loss.lossSum(), second.loss.lossSum())).isTrue();
        assertThat(same(first.loss.logProb_A(), second.loss.logProb_A())).isTrue();
        assertThat(same(first.loss.hiddenGradient_ND(), second.loss.hiddenGradient_ND()))
                .isTrue();
        assertThat(same(first.dHead_VD, second.dHead_VD)).isTrue();
    }

    @Test
    void headWithoutActiveRowsIsZeroAndTouchesNoGradient() {
        HeadCase c = HeadCase.of("none", 6, 5, 9, 0);
        HeadCase.Inputs in = c.inputs();
        Tensor dHead = torch.randn(9, 5);
        Tensor before = dHead.clone();
        HeadLoss loss = kernels.linearCrossEntropy(
                in.hidden_ND(),
                in.weight_VD(),
                in.target_N(),
                in.weights_N(),
                in.activeRows_A(),
                dHead,
                HeadOptions.standard());
        assertThat(loss.lossSum().item_double()).isZero();
        assertThat(loss.hiddenGradient_ND().abs().sum().item_double()).isZero();
        assertThat(same(dHead, before)).isTrue();
    }

    @Test
    void headGradientIsAddedToWhatIsThere() {
        HeadCase c = HeadCase.of("beta = 1", 60, 32, 129, 40).cut(HeadPlan.Order.ROWS, 16, 129);
        HeadCase.Inputs in = c.inputs();
        Run fresh = run(c, in);
        Tensor before = torch.randn(129, 32);
        Tensor dHead = before.clone();
        kernels.linearCrossEntropy(
                in.hidden_ND(),
                in.weight_VD(),
                in.target_N(),
                in.weights_N(),
                in.activeRows_A(),
                dHead,
                HeadOptions.standard().withPlan(c.plan()));
        assertThat(worst(dHead, before.add(fresh.dHead_VD))).isLessThan(1e-5);
    }

    @Test
    void aFrozenHeadChangesNothingElse() {
        HeadCase c = HeadCase.of("frozen", 60, 32, 129, 40);
        HeadCase.Inputs in = c.inputs();
        Run trained = run(c, in);
        HeadLoss frozen = kernels.linearCrossEntropy(
                in.hidden_ND(),
                in.weight_VD(),
                in.target_N(),
                in.weights_N(),
                in.activeRows_A(),
                null,
                HeadOptions.standard());
        assertThat(same(frozen.hiddenGradient_ND(), trained.loss.hiddenGradient_ND()))
                .isTrue();
        assertThat(same(frozen.lossSum(), trained.loss.lossSum())).isTrue();
    }

    @Test
    void everyChunkingGivesTheSameNumbers() {
        HeadCase base = HeadCase.of("chunks", 150, 33, 517, 100).capped(20);
        HeadCase.Inputs in = base.inputs();
        Run whole = run(base.cut(HeadPlan.Order.ROWS, 100, 517), in);
        for (HeadPlan plan : List.of(
                new HeadPlan(HeadPlan.Order.ROWS, 7, 517),
                new HeadPlan(HeadPlan.Order.ROWS, 99, 517),
                new HeadPlan(HeadPlan.Order.ROWS, 40, 100),
                new HeadPlan(HeadPlan.Order.VOCABULARY, 100, 1),
                new HeadPlan(HeadPlan.Order.VOCABULARY, 100, 63),
                new HeadPlan(HeadPlan.Order.VOCABULARY, 100, 516))) {
            Run cut = run(base.cut(plan.order(), plan.rows(), plan.classes()), in);
            assertThat(worst(cut.loss.lossSum(), whole.loss.lossSum()))
                    .as("%s", plan)
                    .isLessThan(1e-6);
            assertThat(worst(cut.loss.hiddenGradient_ND(), whole.loss.hiddenGradient_ND()))
                    .as("%s", plan)
                    .isLessThan(1e-5);
            assertThat(worst(cut.dHead_VD, whole.dHead_VD)).as("%s", plan).isLessThan(1e-5);
        }
    }

    @Test
    void rowsMayComeInAnyOrder() {
        HeadCase c = HeadCase.of("permuted", 40, 24, 131, 40);
        HeadCase.Inputs in = c.inputs();
        Run straight = run(c, in);
        Tensor order = torch.randperm(40).to(ScalarType.Long);
        HeadCase.Inputs shuffled = new HeadCase.Inputs(
                in.hidden_ND().index_select(0, order),
                in.weight_VD(),
                in.target_N().index_select(0, order),
                in.weights_N().index_select(0, order),
                in.activeRows_A(),
                null);
        Run permuted = run(c, shuffled);
        assertThat(worst(permuted.loss.lossSum(), straight.loss.lossSum())).isLessThan(1e-6);
        assertThat(worst(
                        permuted.loss.hiddenGradient_ND(),
                        straight.loss.hiddenGradient_ND().index_select(0, order)))
                .isLessThan(1e-5);
        assertThat(worst(permuted.dHead_VD, straight.dHead_VD)).isLessThan(1e-5);
    }

    @Test
    void logitGradientsOfARowSumToZero() {
        // With W = identity, dH is the gradient of the logits itself.
        int v = 301;
        Tensor hidden = torch.randn(50, v).mul_(new Scalar(4.0));
        Tensor rows = torch.arange(new Scalar(50L)).to(ScalarType.Long);
        HeadLoss loss = kernels.linearCrossEntropy(
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
    void theTrueClassKeepsItsDigitsWhenNearlyCertain(HeadPlan.Order order) {
        // p is 1 - 1e-6 or so: softmax - 1 in float32 would keep one digit of it.
        int v = 16;
        Tensor hidden = torch.eye(v).mul_(new Scalar(16.5));
        HeadCase c = HeadCase.of("certain", v, v, v, v).cut(order, v, 5);
        c = order == HeadPlan.Order.ROWS ? c.cut(order, v, v) : c;
        Tensor target = torch.arange(new Scalar((long) v)).to(ScalarType.Long);
        HeadLoss loss = kernels.linearCrossEntropy(
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
    void headGradientsMatchFiniteDifferences(HeadPlan.Order order, long rows, long classes) {
        HeadCase c = HeadCase.of("differences", 7, 6, 11, 5)
                .in(ScalarType.Double)
                .capped(3)
                .biased()
                .cut(order, rows, classes);
        HeadCase.Inputs in = c.inputs();
        Run got = run(c, in);
        double step = 1e-5;
        for (Tensor input : List.of(in.hidden_ND(), in.weight_VD())) {
            Tensor gradient = input == in.hidden_ND() ? got.loss.hiddenGradient_ND() : got.dHead_VD;
            Tensor flat = input.view(-1);
            for (int i = 0; i < flat.size(0); i++) {
                double slope = (shifted(c, in, flat, i, step) - shifted(c, in, flat, i, -step)) / (2 * step);
                assertThat(gradient.view(-1).select(0, i).item_double())
                        .isCloseTo(slope, org.assertj.core.api.Assertions.within(1e-7));
            }
        }
    }

    private double shifted(HeadCase c, HeadCase.Inputs in, Tensor flat, int i, double by) {
        Tensor element = flat.select(0, i);
        Tensor kept = element.clone();
        element.add_(new Scalar(by));
        double loss = run(c, in).loss.lossSum().item_double();
        element.copy_(kept);
        return loss;
    }

    @ParameterizedTest
    @CsvSource({"ROWS, 16, 129", "VOCABULARY, 40, 50"})
    void nanInAMaskedRowDoesNotLeakAndInAnActiveRowItIsSeen(HeadPlan.Order order, long rows, long classes) {
        HeadCase c = HeadCase.of("nan", 60, 32, 129, 40).cut(order, rows, classes);
        HeadCase.Inputs in = c.inputs();
        Run clean = run(c, in);
        long masked = 0;
        while (in.weights_N().select(0, masked).item_double() != 0) {
            masked++;
        }
        in.hidden_ND().select(0, masked).fill_(new Scalar(Double.NaN));
        Run withMasked = run(c, in);
        assertThat(same(withMasked.loss.lossSum(), clean.loss.lossSum())).isTrue();
        assertThat(same(withMasked.loss.hiddenGradient_ND(), clean.loss.hiddenGradient_ND()))
                .isTrue();
        assertThat(same(withMasked.dHead_VD, clean.dHead_VD)).isTrue();

        long active = in.activeRows_A().select(0, 3).item_long();
        in.hidden_ND().select(0, active).select(0, 5).fill_(new Scalar(Double.NaN));
        Run withActive = run(c, in);
        assertThat(withActive.loss.lossSum().item_double()).isNaN();
        assertThat(withActive.loss.logProb_A().select(0, 3).item_double()).isNaN();
        assertThat(withActive.loss.logProb_A().select(0, 4).item_double()).isFinite();
        assertThat(withActive.loss.hiddenGradient_ND().select(0, active).sum().item_double())
                .isNaN();
    }

    @Test
    void infiniteLogitsReachTheLoss() {
        HeadCase c = HeadCase.of("inf", 8, 4, 33, 8);
        HeadCase.Inputs in = c.inputs();
        in.hidden_ND().select(0, 2).fill_(new Scalar(Double.POSITIVE_INFINITY));
        assertThat(run(c, in).loss.lossSum().item_double()).isNaN();
    }

    @Test
    void bf16LogitsAreNoWorseThanPlainBf16() {
        for (HeadCase c : List.of(
                HeadCase.of("bf16 whole", 120, 40, 333, 77).in(ScalarType.BFloat16),
                HeadCase.of("bf16 vocabulary", 120, 40, 333, 77)
                        .in(ScalarType.BFloat16)
                        .cut(HeadPlan.Order.VOCABULARY, 77, 100))) {
            HeadCase.Inputs in = c.inputs();
            HeadOracle truth = HeadOracle.of(c, in, ScalarType.Double);
            HeadOracle plain = HeadOracle.of(c, in, ScalarType.BFloat16);
            Run got = run(c, in, HeadOptions.standard().withLogits(HeadOptions.Logits.STORAGE));
            near("loss", got.loss.lossSum(), plain.lossSum(), truth.lossSum(), LOSS_FACTOR, LOSS_SLACK);
            near("log p", got.loss.logProb_A(), plain.logProb_A(), truth.logProb_A(), LOSS_FACTOR, LOSS_SLACK);
            near("dH", got.loss.hiddenGradient_ND(), plain.dHidden_ND(), truth.dHidden_ND(), GRADIENT_FACTOR, 1e-4);
            near("dW", got.dHead_VD, plain.dHead_VD(), truth.dHead_VD(), GRADIENT_FACTOR, 1e-4);
        }
    }

    @Test
    void scoringAllRowsNeedsNoRowList() {
        HeadCase c = HeadCase.of("all", 30, 16, 65, 30);
        HeadCase.Inputs in = c.inputs();
        HeadScore all = kernels.score(in.hidden_ND(), in.weight_VD(), in.target_N(), null, HeadOptions.standard());
        HeadScore listed =
                kernels.score(in.hidden_ND(), in.weight_VD(), in.target_N(), in.activeRows_A(), HeadOptions.standard());
        assertThat(same(all.logProb_A(), listed.logProb_A())).isTrue();
    }

    @Test
    void headRefusesWhatDoesNotFit() {
        HeadCase c = HeadCase.of("wrong", 6, 5, 9, 4);
        HeadCase.Inputs in = c.inputs();
        HeadOptions options = HeadOptions.standard();
        assertThatThrownBy(() ->
                        kernels.score(in.hidden_ND(), torch.randn(9, 4), in.target_N(), in.activeRows_A(), options))
                .isInstanceOf(ShapeException.class)
                .hasMessage("head weight: expected (V, D) = [9, 5] got [9, 4]");
        assertThatThrownBy(() -> kernels.score(
                        in.hidden_ND(), in.weight_VD(), in.target_N().to(ScalarType.Int), in.activeRows_A(), options))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("target: expected dtype [Long] got Int");
        in.target_N().fill_(new Scalar(9L));
        assertThatThrownBy(
                        () -> kernels.score(in.hidden_ND(), in.weight_VD(), in.target_N(), in.activeRows_A(), options))
                .isInstanceOf(ShapeException.class)
                .hasMessage("target: expected classes in [0, V=9) on active rows, got 9");
    }

    @Test
    void headLeavesNoPointersBehind() {
        HeadCase c = HeadCase.of("leak", 60, 32, 129, 40);
        HeadCase.Inputs in = c.inputs();
        long[] count = new long[3];
        for (int i = 0; i < count.length; i++) {
            try (PointerScope _ = new PointerScope()) {
                run(c, in);
            }
            count[i] = i == 1 ? NativeObjects.settled() : Pointer.totalCount();
        }
        assertThat(count[2]).isLessThanOrEqualTo(count[1]);
    }

    // --- RMSNorm -----------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({
        "1, 3, Float, false", "3, 7, Float, true", "64, 576, Float, false", "33, 577, Float, true",
        "5, 1031, BFloat16, false", "70, 64, BFloat16, true", "0, 16, Float, false", "129, 33, Double, true",
        "300, 48, Float, false"
    })
    void rmsNormIsAsExactAsPlainLibtorch(int n, int d, ScalarType dtype, boolean onePlus) {
        torch.manual_seed(n * 100L + d);
        Tensor x = torch.randn(n, d).mul_(new Scalar(3.0)).to(dtype);
        Tensor weight = torch.randn(d).to(dtype);
        Tensor dy = torch.randn(n, d).to(dtype);
        ScalarType sums = Arguments.accumulator(dtype);
        NormOracle truth = NormOracle.of(x, weight, dy, 1e-5, onePlus, ScalarType.Double);
        NormOracle plain = NormOracle.of(x, weight, dy, 1e-5, onePlus, dtype);
        Tensor y = torch.empty_like(x);
        Tensor inverse = torch.empty(n).to(sums);
        kernels.rmsNorm(x, weight, 1e-5, onePlus, y, inverse);
        near("y", y, plain.y, truth.y, GRADIENT_FACTOR, 1e-6);
        Tensor dx = torch.empty_like(x);
        Tensor before = torch.randn(d).to(sums);
        Tensor dWeight = before.clone();
        kernels.rmsNormBackward(dy, x, weight, inverse, onePlus, dx, dWeight);
        near("dx", dx, plain.dx, truth.dx, GRADIENT_FACTOR, 1e-6);
        Tensor added = dWeight.to(ScalarType.Double).sub(before.to(ScalarType.Double));
        near("dWeight", added, plain.dWeight, truth.dWeight, GRADIENT_FACTOR, 1e-5);

        Tensor again = torch.empty_like(x);
        Tensor dWeightAgain = before.clone();
        kernels.rmsNormBackward(dy, x, weight, inverse, onePlus, again, dWeightAgain);
        assertThat(same(again, dx) && same(dWeightAgain, dWeight)).isTrue();
        // In place, and without the weight's gradient, the numbers are the same.
        Tensor inPlace = dy.clone();
        kernels.rmsNormBackward(inPlace, x, weight, inverse, onePlus, inPlace, null);
        assertThat(same(inPlace, dx)).isTrue();
        Tensor written = x.clone();
        kernels.rmsNorm(written, weight, 1e-5, onePlus, written, inverse);
        assertThat(same(written, y)).isTrue();
    }

    private record NormOracle(Tensor y, Tensor dx, Tensor dWeight) {
        static NormOracle of(Tensor x, Tensor weight, Tensor dy, double epsilon, boolean onePlus, ScalarType dtype) {
            Tensor leaf = x.detach().to(dtype).clone().set_requires_grad(true);
            Tensor scale = weight.detach().to(dtype).clone().set_requires_grad(true);
            Tensor factor = onePlus ? scale.add(new Scalar(1.0)) : scale;
            Tensor inverse =
                    leaf.square().mean(1).unsqueeze(1).add(new Scalar(epsilon)).rsqrt();
            Tensor y = leaf.mul(inverse).mul(factor);
            y.backward(
                    dy.to(dtype),
                    new org.bytedeco.pytorch.BoolOptional(),
                    false,
                    new org.bytedeco.pytorch.TensorArrayRefOptional());
            return new NormOracle(y.detach(), leaf.grad(), scale.grad());
        }
    }

    @Test
    void rmsNormPassesNanThroughItsRowOnly() {
        Tensor x = torch.randn(4, 40);
        x.select(0, 2).select(0, 7).fill_(new Scalar(Double.NaN));
        Tensor y = torch.empty_like(x);
        kernels.rmsNorm(x, torch.ones(40), 1e-6, false, y, torch.empty(4));
        assertThat(y.select(0, 2).sum().item_double()).isNaN();
        assertThat(y.select(0, 1).sum().item_double()).isFinite();
        assertThat(y.select(0, 3).sum().item_double()).isFinite();
    }

    @Test
    void rmsNormRefusesWhatDoesNotFit() {
        assertThatThrownBy(() -> kernels.rmsNorm(
                        torch.randn(4, 8), torch.ones(7), 1e-6, false, torch.empty(4, 8), torch.empty(4)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("weight: expected (D) = [8] got [7]");
    }

    // --- linear ------------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @CsvSource({"1, 8, 3", "1, 577, 130", "2, 33, 9", "3, 64, 64", "5, 100, 7", "16, 576, 96", "33, 40, 50", "0, 8, 4"})
    void linearIsAsExactAsPlainLibtorch(long n, long d, long o) {
        for (ScalarType stored : List.of(ScalarType.Float, ScalarType.BFloat16)) {
            Tensor x = torch.randn(n, d);
            Tensor weight = torch.randn(o, d).to(stored);
            // The output may be a part of a wider one.
            Tensor y = torch.ones(n, o + 5);
            kernels.linear(x, weight, y.narrow(1, 2, o));
            Tensor plain = torch.mm(x, weight.to(ScalarType.Float).t());
            Tensor truth = torch.mm(
                    x.to(ScalarType.Double), weight.to(ScalarType.Double).t());
            near("y", y.narrow(1, 2, o), plain, truth, GRADIENT_FACTOR, 1e-6);
            assertThat(y.narrow(1, 0, 2).sum().item_double()).isEqualTo(2.0 * n);
            assertThat(y.narrow(1, o + 2, 3).sum().item_double()).isEqualTo(3.0 * n);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 3, 40})
    void linearOfSeveralMatricesIsThatOfEach(long n) {
        for (ScalarType stored : List.of(ScalarType.Float, ScalarType.BFloat16)) {
            Tensor x = torch.randn(n, 100);
            List<Tensor> weights = Stream.of(24L, 0L, 7L, 41L)
                    .map(rows -> torch.randn(rows, 100).to(stored))
                    .toList();
            Tensor y = torch.empty(n, 72);
            kernels.linear(x, weights, y);
            long column = 0;
            for (Tensor weight : weights) {
                Tensor alone = torch.empty(n, weight.size(0));
                kernels.linear(x, weight, alone);
                assertThat(y.narrow(1, column, weight.size(0)).equal(alone)).isTrue();
                column += weight.size(0);
            }
        }
    }

    @Test
    void linearTakesTheOtherDtypesAndRefusesWhatDoesNotFit() {
        for (ScalarType dtype : List.of(ScalarType.Double, ScalarType.BFloat16)) {
            Tensor x = torch.randn(2, 16).to(dtype);
            Tensor weight = torch.randn(5, 16).to(dtype);
            Tensor y = torch.zeros(2, 5).to(dtype);
            kernels.linear(x, weight, y);
            assertThat(worst(y, torch.mm(x, weight.t()))).isLessThan(1e-6);
        }
        assertThatThrownBy(() -> kernels.linear(torch.randn(2, 8), torch.randn(3, 7), torch.empty(2, 3)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("linear: expected weights (O, D) of 8 columns, got (3, 7)");
        assertThatThrownBy(() -> kernels.linear(torch.randn(2, 8), torch.randn(3, 8), torch.empty(2, 4)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("linear: expected y (2, 3), got (2, 4)");
        assertThatThrownBy(() -> kernels.linear(torch.randn(2, 8), List.of(), torch.empty(2, 0)))
                .isInstanceOf(ShapeException.class)
                .hasMessage("linear: expected 1 to 4 matrices, got 0");
        Tensor wide = torch.randn(3, 8).to(ScalarType.Double);
        assertThatThrownBy(() -> kernels.linear(torch.randn(2, 8), wide, torch.empty(2, 3)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("weight");
    }
}
