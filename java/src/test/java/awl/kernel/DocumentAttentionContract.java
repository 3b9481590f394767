package awl.kernel;

import static awl.kernel.Accuracy.near;
import static awl.kernel.Accuracy.worst;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every implementation of [Kernels#documentAttention] and its gradient must satisfy.
interface DocumentAttentionContract {

    Kernels kernels();

    /// Heads, key/value heads, width, window, cap; documents of 0, 1 and many tokens.
    @ParameterizedTest
    @CsvSource({
        "Float, 4, 4, 32, 0, 0",
        "Float, 6, 2, 20, 0, 0",
        "Float, 4, 1, 64, 9, 0",
        "Float, 2, 2, 16, 0, 4",
        "Float, 3, 1, 7, 30, 4",
        "BFloat16, 4, 2, 32, 0, 0",
        "BFloat16, 9, 3, 64, 0, 0",
        "BFloat16, 3, 1, 7, 30, 4",
        "BFloat16, 2, 2, 33, 9, 0",
        "Double, 4, 2, 9, 5, 3"
    })
    default void documentAttentionAndItsGradientAreThoseOfFloat64(
            ScalarType dtype, int h, int k, int e, int window, double cap) {
        torch.manual_seed(11);
        int[] start = {0, 0, 33, 34, 34, 130, 200};
        AttentionScores scores = new AttentionScores(0.4, cap == 0 ? null : cap, window);
        Tensor projected = torch.randn(200, (h + 2 * k) * e).to(dtype);
        Tensor gradient = torch.randn(200, h * e).to(dtype);
        Tensor[] got = run(kernels(), projected, gradient, start, scores, h);
        Tensor[] plain = run(new TorchKernels(), projected, gradient, start, scores, h);
        Tensor[] truth = run(
                new TorchKernels(), projected.to(ScalarType.Double), gradient.to(ScalarType.Double), start, scores, h);
        near("attention", got[0], plain[0], truth[0], 2, 1e-5);
        near("log-sum-exp", got[1], plain[1], truth[1], 3, 1e-5);
        near("gradient", got[2], plain[2], truth[2], 2, 1e-5);
        assertThat(truth[2].abs().max().item_double()).isGreaterThan(0.1);
    }

    /// By hand: the first token of a document sees itself alone; and no document sees another.
    @Test
    default void documentAttentionStaysInItsDocument() {
        torch.manual_seed(12);
        AttentionScores scores = new AttentionScores(0.2, null, 0);
        Tensor projected = torch.randn(70, 3 * 24);
        Tensor gradient = torch.randn(70, 24);
        Tensor[] all = run(kernels(), projected, gradient, new int[] {0, 37, 70}, scores, 3);
        assertThat(worst(all[0].select(0, 37), projected.select(0, 37).narrow(0, 48, 24)))
                .isLessThan(1e-6);
        Tensor[] alone =
                run(kernels(), projected.narrow(0, 37, 33), gradient.narrow(0, 37, 33), new int[] {0, 33}, scores, 3);
        assertThat(worst(all[0].narrow(0, 37, 33), alone[0])).isLessThan(1e-6);
        assertThat(worst(all[2].narrow(0, 37, 33), alone[2])).isLessThan(1e-6);
    }

    @Test
    default void documentAttentionOfNothingIsNothing() {
        Tensor[] none = run(
                kernels(), torch.randn(0, 24), torch.randn(0, 8), new int[] {0}, new AttentionScores(1, null, 0), 1);
        assertThat(none[2].numel()).isZero();
    }

    @Test
    default void documentAttentionRefusesOtherShapes() {
        AttentionScores scores = new AttentionScores(1, null, 0);
        assertThatThrownBy(() -> run(kernels(), torch.zeros(3, 25), torch.zeros(3, 8), new int[] {0, 3}, scores, 1))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("H a multiple of K");
        assertThatThrownBy(() -> run(kernels(), torch.zeros(3, 24), torch.zeros(3, 8), new int[] {0, 4}, scores, 1))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("rising rows from 0 to 3, got [0, 4]");
        assertThatThrownBy(() -> new AttentionScores(1, 0.0, 0)).hasMessageContaining("soft-cap");
    }

    /// Result, log-sum-exp, gradient.
    private static Tensor[] run(
            Kernels kernels, Tensor projected, Tensor gradient, int[] start, AttentionScores scores, int heads) {
        ScalarType dtype = Arguments.dtype(projected);
        Tensor out = torch.empty_like(gradient).fill_(new Scalar(Double.NaN));
        Tensor sums = torch.empty(heads, projected.size(0)).to(Arguments.accumulator(dtype));
        Tensor below = torch.empty_like(projected).fill_(new Scalar(Double.NaN));
        kernels.documentAttention(projected, start, scores, out, sums);
        kernels.documentAttentionBackward(gradient, projected, start, scores, out, sums, below);
        return new Tensor[] {out, sums, below};
    }
}
