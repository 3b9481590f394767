package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// How exact a kernel is, judged as the field should: against float64, next to plain libtorch at the same dtype.
final class Accuracy {

    /// How many times plain libtorch's error a gradient's may be.
    static final double GRADIENT = 2;

    /// The same of losses and log-probabilities.
    static final double LOSS = 3;

    private Accuracy() {}

    /// Error against the truth, in units of its largest entry, at most `factor` times plain libtorch's, +
    /// `slack`.
    static void near(String what, Tensor got, Tensor plain, Tensor truth, double factor, double slack) {
        if (truth.numel() == 0) {
            assertThat(got.numel()).isZero();
            return;
        }
        double allowed = factor * worst(plain, truth) + slack;
        assertThat(worst(got, truth))
                .as("%s (plain libtorch: %.3g)", what, worst(plain, truth))
                .isLessThanOrEqualTo(allowed);
    }

    /// Largest absolute difference in units of the largest entry of `truth`; NaN anywhere gives NaN, which
    /// fails.
    static double worst(Tensor got, Tensor truth) {
        if (truth.numel() == 0) {
            return 0;
        }
        Tensor expected = truth.to(ScalarType.Double);
        double scale = expected.abs().max().item_double();
        double difference = got.to(ScalarType.Double).sub(expected).abs().max().item_double();
        return scale == 0 ? difference : difference / scale;
    }

    static boolean same(Tensor a, Tensor b) {
        return torch.equal(a, b);
    }
}
