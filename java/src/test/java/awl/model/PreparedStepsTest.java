package awl.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.kernel.Kernels;
import awl.kernel.Replay;
import awl.kernel.TestedKernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/// Recorded steps have the bits of computed ones, and a recording that lacks something is not used.
@Tag("native")
final class PreparedStepsTest {

    static final List<String> FAMILIES = Golden.FAMILIES;

    @ParameterizedTest
    @FieldSource("FAMILIES")
    void recordedStepsHaveTheBitsOfComputedOnes(String family) {
        for (Precision precision : List.of(Precision.FP32, Precision.BF16)) {
            try (TensorScope scope = TensorScope.open();
                    Golden golden = Golden.of(family);
                    TensorSource source = Checkpoint.open(golden.folder());
                    Decoder model = Decoder.load(source, precision, TestedKernels.of("native"))) {
                compare(model, golden.folder().getFileName() + " in " + precision);
            }
        }
    }

    @Test
    void withAnAdapterThatComesLater() {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of("llama");
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32, TestedKernels.of("native"));
                KvCache cache = model.cache(1, 40)) {
            List<float[]> before = new ArrayList<>();
            for (int t = 0; t < 8; t++) {
                before.add(Tensors.array(model.logits(List.of(new Segment(0, new int[] {7 + t})), cache)));
            }
            long replayed = cache.steps().replayed();
            assertThat(replayed).isEqualTo(8 - 3);
            model.attach(new LoraConfig(4, 8, List.of(LoraConfig.ALL_LINEAR), 0, false), 1);
            model.linears()
                    .forEach(linear -> Objects.requireNonNull(linear.adapter())
                            .b()
                            .value()
                            .fill_(new org.bytedeco.pytorch.Scalar(0.05)));
            cache.reset(0);
            for (int t = 0; t < 8; t++) {
                float[] adapted = Tensors.array(model.logits(List.of(new Segment(0, new int[] {7 + t})), cache));
                assertThat(adapted).isNotEqualTo(before.get(t));
            }
            assertThat(cache.steps().replayed()).isGreaterThan(replayed);
            compare(model, "llama with an adapter");
        }
    }

    /// Three sequences, then two, then three; the other model's cache gets its segments in falling order, which is
    /// never recorded.
    private static void compare(Decoder model, String what) {
        try (KvCache prepared = model.cache(3, 40);
                KvCache computed = model.cache(3, 40)) {
            for (int t = 0; t < 18; t++) {
                List<Segment> segments = new ArrayList<>();
                for (int slot = 0; slot < (t / 6 == 1 ? 2 : 3); slot++) {
                    int[] tokens = t == 0 && slot == 1 ? new int[] {5, 9, 2} : new int[] {(31 * t + 7 * slot) % 300};
                    segments.add(new Segment(slot, tokens));
                }
                try (TensorScope step = TensorScope.open()) {
                    Tensor found = model.logits(segments, prepared);
                    Collections.reverse(segments);
                    Tensor expected = model.logits(segments, computed).flip(0);
                    assertThat(found.equal(expected)).as("%s, step %d", what, t).isTrue();
                }
            }
            // Of each number the first step is computed, the second recorded, the third compared.
            assertThat(prepared.steps().refused()).as(what).isFalse();
            assertThat(prepared.steps().replayed()).as(what).isEqualTo(18 - 1 - 3 - 3);
            assertThat(computed.steps().replayed()).isZero();
        }
    }

    @Test
    void aRecordingThatLacksSomethingIsRefused() {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of("llama");
                TensorSource source = Checkpoint.open(golden.folder())) {
            Kernels kernels = TestedKernels.of("native");
            Tensor weight = torch.randn(5, 8);
            try (PreparedSteps steps = new PreparedSteps(source.config(), kernels)) {
                run(steps, kernels, weight, x -> x.mul(x)); // libtorch's, unseen
                assertThat(steps.refused()).isTrue();
                assertThat(steps.replayed()).isZero();
            }
            try (PreparedSteps steps = new PreparedSteps(source.config(), kernels)) {
                run(steps, kernels, weight, x -> {
                    Tensor y = Tensors.like(x, x.size(0), x.size(1));
                    kernels.inSequence(on -> on[0].copy_(on[1]).mul_(on[1]), y, x);
                    return y;
                });
                assertThat(steps.refused()).isFalse();
                assertThat(steps.replayed()).isEqualTo(7);
            }
            try (PreparedSteps steps = new PreparedSteps(source.config(), new TorchKernels())) {
                run(steps, new TorchKernels(), weight, x -> x.mul(x));
                assertThat(steps.replayed()).isZero();
            }
        }
    }

    private static void run(PreparedSteps steps, Kernels kernels, Tensor weight, UnaryOperator<Tensor> behind) {
        for (int t = 0; t < 10; t++) {
            try (TensorScope step = TensorScope.open()) {
                Tensor x = torch.randn(2, 8);
                Tensor found = steps.logits(List.of(x), 0, () -> {
                    try (TensorScope inner = TensorScope.open()) {
                        Tensor y = Tensors.empty(ScalarType.Float, 2, 5);
                        kernels.linear(x, weight, y);
                        return inner.keep(behind.apply(y));
                    }
                });
                Tensor expected = Tensors.empty(ScalarType.Float, 2, 5);
                kernels.linear(x, weight, expected);
                assertThat(found.equal(expected.mul(expected))).as("step %d", t).isTrue();
            }
        }
    }

    @Test
    void replaysWhatTheMemoryHoldsByThen() {
        try (TensorScope scope = TensorScope.open()) {
            Kernels kernels = TestedKernels.of("native");
            Tensor x = torch.randn(1, 8);
            Tensor weight = torch.randn(5, 8);
            Tensor y = Tensors.zeros(ScalarType.Float, 1, 5);
            Tensor expected = Tensors.zeros(ScalarType.Float, 1, 5);
            try (Replay replay = Objects.requireNonNull(kernels.record(() -> kernels.linear(x, weight, y)))) {
                x.copy_(torch.randn(1, 8));
                replay.run();
                kernels.linear(x, weight, expected);
                assertThat(y.equal(expected)).isTrue();
            }
            assertThatThrownBy(() -> kernels.record(() -> kernels.record(() -> {})))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("recording calls already");
            kernels.linear(x, weight, y); // and goes on as before
            assertThat(y.equal(expected)).isTrue();
        }
    }
}
