package awl.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import awl.NativeObjects;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

final class AdamWTest {

    private static final AdamW.Settings SETTINGS = new AdamW.Settings(0.9, 0.95, 1e-8, 0.1);

    /// The rule of this machine's kernels: the native one where they are built.
    private static final Kernels KERNELS =
            KernelSelection.forThisMachine(KernelSelection.Wanted.AUTO).open();

    private static List<AdamWRule> rules() {
        return List.of(KernelAdamW.plain(), new FusedAdamW(), new KernelAdamW(KERNELS));
    }

    private static Tensor scalar(double value) {
        return torch.full(new long[0], new Scalar(value), new TensorOptions(ScalarType.Float));
    }

    /// Trains a matrix and a vector for some steps with gradients that depend on the step alone.
    private static List<Tensor> train(AdamWRule rule, ScalarType type, int steps, double divisor) {
        torch.manual_seed(7);
        List<AdamW.Slot> slots = List.of(
                new AdamW.Slot("matrix", torch.randn(37, 53).to(type)),
                new AdamW.Slot("vector", torch.randn(4099).to(type)));
        try (AdamW adam = new AdamW(slots, SETTINGS, rule)) {
            for (int s = 1; s <= steps; s++) {
                List<Tensor> gradients = new ArrayList<>();
                for (AdamW.Slot slot : slots) {
                    gradients.add(torch.randn(slot.value().sizes().vec().get()).to(type));
                }
                adam.step(gradients, 1e-2 / s, scalar(divisor), scalar(0));
            }
            assertThat(adam.steps()).isEqualTo(steps);
        }
        return slots.stream().map(AdamW.Slot::value).toList();
    }

    private static double distance(Tensor a, Tensor b) {
        return a.to(ScalarType.Double).sub(b.to(ScalarType.Double)).abs().max().item_double();
    }

    @Test
    void allRulesAgree() {
        try (PointerScope scope = new PointerScope()) {
            for (double divisor : new double[] {1, 3.7}) {
                List<Tensor> plain = train(KernelAdamW.plain(), ScalarType.Float, 20, divisor);
                for (AdamWRule rule : rules()) {
                    List<Tensor> other = train(rule, ScalarType.Float, 20, divisor);
                    for (int i = 0; i < plain.size(); i++) {
                        assertThat(distance(plain.get(i), other.get(i))).isLessThan(3e-6);
                    }
                }
            }
        }
    }

    @Test
    void oneStepByHand() {
        try (PointerScope scope = new PointerScope()) {
            Tensor matrix = scalar(2).view(1, 1);
            Tensor vector = scalar(2).view(1);
            for (AdamWRule rule : rules()) {
                matrix.fill_(new Scalar(2));
                vector.fill_(new Scalar(2));
                try (AdamW adam =
                        new AdamW(List.of(new AdamW.Slot("m", matrix), new AdamW.Slot("v", vector)), SETTINGS, rule)) {
                    adam.step(List.of(scalar(-6).view(1, 1), scalar(6).view(1)), 0.01, scalar(3), scalar(0));
                }
                // The first step moves by the rate against the sign of the gradient; only the matrix decays.
                assertThat(matrix.item_double()).isCloseTo(2 * (1 - 0.01 * 0.1) + 0.01, within(1e-6));
                assertThat(vector.item_double()).isCloseTo(2 - 0.01, within(1e-6));
            }
        }
    }

    @Test
    void bf16ParametersKeepSmallStepsInTheirMasters() {
        try (PointerScope scope = new PointerScope()) {
            AdamW.Settings noDecay = new AdamW.Settings(0.9, 0.95, 1e-8, 0);
            for (AdamWRule rule : rules()) {
                Tensor weight = scalar(256).to(ScalarType.BFloat16).view(1, 1);
                try (AdamW adam = new AdamW(List.of(new AdamW.Slot("w", weight)), noDecay, rule)) {
                    for (int s = 0; s < 100; s++) { // one unit of bf16 at 256 is 2; a step is 0.1
                        adam.step(List.of(scalar(1).to(ScalarType.BFloat16).view(1, 1)), 0.1, scalar(1), scalar(0));
                    }
                    assertThat(adam.tensors()).containsKey("optimizer.master.w");
                }
                assertThat(weight.to(ScalarType.Float).item_double()).isCloseTo(246, within(1.0));
            }
        }
    }

    /// Moments have no contents before somebody asks; whoever collects them for a checkpoint then finds zeros.
    @Test
    void beforeTheFirstUpdateMomentsAreZero() {
        try (PointerScope scope = new PointerScope()) {
            Tensor weight = torch.ones(3, 1000);
            try (AdamW adam = new AdamW(List.of(new AdamW.Slot("w", weight)), SETTINGS, KernelAdamW.plain())) {
                StateSection state = adam.state().getFirst();
                Tensor first = java.util.Objects.requireNonNull(state.tensors().get("optimizer.first.w"));
                first.fill_(new Scalar(Double.NaN));
                state.collect().run();
                assertThat(state.tensors().values())
                        .allSatisfy(each ->
                                assertThat(each.abs().sum().item_double()).isZero());
                first.fill_(new Scalar(2));
                state.collect().run();
                assertThat(first.mean().item_double()).isEqualTo(2);
            }
        }
    }

    /// What was read into them stays.
    @Test
    void momentsOfACheckpointAreKept() {
        try (PointerScope scope = new PointerScope()) {
            Tensor weight = torch.ones(3, 1000);
            try (AdamW adam = new AdamW(List.of(new AdamW.Slot("w", weight)), SETTINGS, KernelAdamW.plain())) {
                StateSection state = adam.state().getFirst();
                state.tensors().values().forEach(each -> each.fill_(new Scalar(2)));
                state.spread().run();
                assertThat(adam.tensors().values())
                        .allSatisfy(
                                each -> assertThat(each.mean().item_double()).isEqualTo(2));
                assertThat(adam.steps()).isEqualTo(2);
            }
        }
    }

    @Test
    void aStepToBeSkippedChangesNoWeight() {
        try (PointerScope scope = new PointerScope()) {
            for (AdamWRule rule : rules()) {
                Tensor weight = scalar(1).view(1, 1);
                try (AdamW adam = new AdamW(List.of(new AdamW.Slot("w", weight)), SETTINGS, rule)) {
                    adam.step(List.of(scalar(Double.NaN).view(1, 1)), 0.1, scalar(Double.NaN), scalar(1));
                    assertThat(adam.steps()).isZero();
                    assertThat(adam.tensors().values())
                            .allSatisfy(each ->
                                    assertThat(each.abs().sum().item_double()).isZero());
                }
                assertThat(weight.item_double()).isEqualTo(1);
            }
        }
    }

    @Test
    void normIsExactOnManyElementsAndClipsLikePyTorch() {
        try (PointerScope scope = new PointerScope()) {
            torch.manual_seed(1);
            List<Tensor> gradients = List.of(
                    torch.rand(3_000_000).add_(new Scalar(0.5)),
                    torch.randn(5),
                    torch.randn(64, 64).to(ScalarType.BFloat16));
            double squares = 0;
            for (Tensor gradient : gradients) {
                squares += gradient.to(ScalarType.Double).square().sum().item_double();
            }
            Tensor norm = GradientNorm.of(KERNELS, gradients);
            assertThat(norm.item_double()).isCloseTo(Math.sqrt(squares), within(Math.sqrt(squares) * 1e-7));

            assertThat(GradientNorm.divisor(norm, 1).item_double())
                    .isCloseTo(Math.sqrt(squares), within(Math.sqrt(squares) * 1e-6));
            assertThat(GradientNorm.divisor(norm, 1e9).item_double()).isEqualTo(1);
            assertThat(GradientNorm.divisor(norm, 0).item_double()).isEqualTo(1);
            Tensor broken = torch.full(new long[] {3}, new Scalar(Double.NaN), new TensorOptions(ScalarType.Float));
            assertThat(GradientNorm.of(KERNELS, List.of(broken)).item_double()).isNaN();
        }
    }

    @Test
    void theBestRuleIsTheKernelsWhereTheyFuseAndIsNamed() {
        assertThat(AdamWRule.best(new TorchKernels()).name()).isEqualTo("libtorch _fused_adamw_");
        assertThat(KernelAdamW.plain().name()).isEqualTo("plain operations");
        if (KERNELS.fusesAdamW()) {
            assertThat(AdamWRule.best(KERNELS).name()).isEqualTo("awl_adamw, " + KERNELS.name());
        }
    }

    @Test
    void stepsLeaveNoNativeObjectBehind() {
        try (PointerScope run = new PointerScope()) {
            Tensor weight = torch.randn(8, 8);
            Tensor gradient = torch.randn(8, 8);
            Tensor one = scalar(1);
            Tensor zero = scalar(0);
            try (AdamW adam = new AdamW(List.of(new AdamW.Slot("w", weight)), SETTINGS, AdamWRule.best(KERNELS))) {
                long before = 0;
                for (int s = 0; s < 20; s++) {
                    if (s == 3) {
                        before = NativeObjects.settled();
                    }
                    adam.step(List.of(gradient), 0.1, one, zero);
                    try (PointerScope step = new PointerScope()) {
                        GradientNorm.divisor(GradientNorm.of(KERNELS, List.of(gradient)), 1);
                    }
                }
                assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
            }
        }
    }
}
