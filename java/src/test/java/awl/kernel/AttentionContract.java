package awl.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import awl.tensor.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every implementation of the attention kernels must satisfy, and the tools of [KernelContract].
abstract class AttentionContract {

    private PointerScope scope;
    Kernels kernels;

    public abstract Kernels kernels();

    private int threads;

    @BeforeEach
    void open() {
        threads = torch.get_num_threads();
        torch.set_num_threads(1);
        scope = new PointerScope();
        kernels = kernels();
    }

    @AfterEach
    void close() {
        scope.close();
        torch.set_num_threads(threads);
    }

    // --- attention over a cache --------------------------------------------------------------------------------------

    @Test
    void cacheAttentionOfATokenIsAttentionOverItsSlot() {
        torch.manual_seed(7);
        long h = 6;
        long k = 2;
        long e = 20;
        for (int window : new int[] {0, 30}) {
            for (Double cap : new Double[] {null, 5.0}) {
                AttentionScores scores = new AttentionScores(0.3, cap, window);
                Tensor projected = torch.randn(4, (h + 2 * k) * e);
                Tensor angle = torch.randn(4, 6);
                Tensor cosine = torch.cat(new TensorVector(angle.cos(), angle.cos()), 1);
                Tensor sine = torch.cat(new TensorVector(angle.sin().neg(), angle.sin()), 1);
                Tensor keys = torch.randn(3, k, 100, e);
                Tensor values = torch.randn(3, k, 100, e);
                Tensor slot = Tensors.indices(2, 0, 0, 1);
                Tensor position = Tensors.indices(70, 98, 99, 0);
                Tensor out = torch.zeros(4, h * e);
                Tensor wide = projected.to(ScalarType.Double);
                Tensor wideKeys = keys.to(ScalarType.Double);
                Tensor wideValues = values.to(ScalarType.Double);
                Tensor truth = torch.zeros(4, h * e).to(ScalarType.Double);
                new TorchKernels()
                        .cacheAttention(
                                wide,
                                cosine.to(ScalarType.Double),
                                sine.to(ScalarType.Double),
                                wideKeys,
                                wideValues,
                                slot,
                                position,
                                scores,
                                truth);
                kernels().cacheAttention(projected, cosine, sine, keys, values, slot, position, scores, out);
                assertThat(worst(out.to(ScalarType.Double), truth)).isLessThan(2e-6);
                assertThat(worst(keys.to(ScalarType.Double), wideKeys)).isLessThan(1e-6);
                assertThat(same(values.to(ScalarType.Double), wideValues)).isTrue();
                // By hand: the first position of a slot sees itself alone, whatever the scores are.
                assertThat(same(
                                out.select(0, 3).narrow(0, 0, e),
                                projected.select(0, 3).narrow(0, (h + k) * e, e)))
                        .isTrue();
            }
        }
    }

    /// In bfloat16, against float64 over the same rounded numbers, beside plain libtorch in bfloat16.
    @ParameterizedTest
    @CsvSource({"6, 2, 20, 0, 0", "6, 2, 20, 30, 5", "9, 3, 64, 0, 0", "4, 4, 33, 17, 0", "8, 1, 128, 0, 0"})
    void cacheAttentionInBfloat16IsAsExactAsPlainLibtorch(int h, int k, int e, int window, double cap) {
        torch.manual_seed(h * 100L + e);
        AttentionScores scores = new AttentionScores(1 / Math.sqrt(e), cap == 0 ? null : cap, window);
        ScalarType half = ScalarType.BFloat16;
        Tensor projected = torch.randn(4, (long) (h + 2 * k) * e).to(half);
        Tensor angle = torch.randn(4, 6);
        Tensor cosine = torch.cat(new TensorVector(angle.cos(), angle.cos()), 1);
        Tensor sine = torch.cat(new TensorVector(angle.sin().neg(), angle.sin()), 1);
        Tensor keys = torch.randn(3, k, 100, e).to(half);
        Tensor values = torch.randn(3, k, 100, e).to(half);
        Tensor slot = Tensors.indices(2, 0, 0, 1);
        Tensor position = Tensors.indices(70, 98, 99, 0);
        Tensor truth = torch.zeros(4, (long) h * e).to(ScalarType.Double);
        Tensor wideKeys = keys.to(ScalarType.Double);
        Tensor wideValues = values.to(ScalarType.Double);
        new TorchKernels()
                .cacheAttention(
                        projected.to(ScalarType.Double),
                        cosine.to(ScalarType.Double),
                        sine.to(ScalarType.Double),
                        wideKeys,
                        wideValues,
                        slot,
                        position,
                        scores,
                        truth);
        Tensor plain = plainAttention(
                projected,
                cosine,
                sine,
                keys.clone(),
                values.clone(),
                new int[] {2, 0, 0, 1},
                new int[] {70, 98, 99, 0},
                scores,
                h,
                k);
        Tensor out = torch.zeros(4, (long) h * e).to(half);
        kernels().cacheAttention(projected, cosine, sine, keys, values, slot, position, scores, out);
        double ours = worst(out.to(ScalarType.Double), truth);
        double theirs = worst(plain.to(ScalarType.Double), truth);
        assertThat(ours).as("plain libtorch: %s", theirs).isLessThanOrEqualTo(2 * theirs);
        assertThat(worst(keys.to(ScalarType.Double), wideKeys)).isLessThan(1.0 / 256);
        assertThat(same(values.to(ScalarType.Double), wideValues)).isTrue();
    }

    /// As one would write it in libtorch, every step rounded to the tensors' dtype.
    private static Tensor plainAttention(
            Tensor projected,
            Tensor cosine,
            Tensor sine,
            Tensor keys,
            Tensor values,
            int[] slot,
            int[] position,
            AttentionScores scores,
            int h,
            int k) {
        ScalarType dtype = Tensors.dtype(projected);
        long e = keys.size(3);
        long r = cosine.size(1);
        long n = projected.size(0);
        Tensor heads = projected.clone().view(n, h + 2L * k, e);
        Tensor turning = heads.narrow(1, 0, h + k).narrow(2, 0, r);
        Tensor swapped = turning.roll(new long[] {r / 2}, new long[] {2});
        turning.copy_(turning.mul(cosine.to(dtype).unsqueeze(1))
                .add(swapped.mul(sine.to(dtype).unsqueeze(1))));
        for (int row = 0; row < n; row++) {
            keys.select(0, slot[row])
                    .select(1, position[row])
                    .copy_(heads.select(0, row).narrow(0, h, k));
            values.select(0, slot[row])
                    .select(1, position[row])
                    .copy_(heads.select(0, row).narrow(0, h + k, k));
        }
        Tensor out = torch.zeros(n, h * e).to(dtype);
        for (int row = 0; row < n; row++) {
            int to = position[row] + 1;
            int from = scores.window() > 0 ? Math.max(0, to - scores.window()) : 0;
            Tensor queries = heads.select(0, row).narrow(0, 0, h).reshape(k, h / k, e);
            Tensor seen = keys.select(0, slot[row]).narrow(1, from, to - from);
            Tensor z = torch.bmm(queries, seen.transpose(1, 2)).mul(new Scalar(scores.scale()));
            if (scores.softCap() != null) {
                z = z.div(new Scalar(scores.softCap())).tanh().mul(new Scalar(scores.softCap()));
            }
            Tensor attended =
                    torch.bmm(torch.softmax(z, 2), values.select(0, slot[row]).narrow(1, from, to - from));
            out.select(0, row).copy_(attended.reshape(h * e));
        }
        return out;
    }

    @Test
    void cacheAttentionRefusesOtherShapes() {
        Tensor keys = torch.zeros(1, 1, 4, 2);
        Tensor one = Tensors.indices(0);
        assertThatThrownBy(() -> kernels()
                        .cacheAttention(
                                torch.zeros(1, 12),
                                torch.zeros(1, 2),
                                torch.zeros(1, 2),
                                keys,
                                torch.zeros(1, 1, 4, 2),
                                one,
                                one,
                                new AttentionScores(1, null, 0),
                                torch.zeros(1, 4)))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("projected");
    }

    // --- attention inside documents ----------------------------------------------------------------------------------

    /// Heads, key/value heads, width, window, cap; documents of 0, 1 and many tokens.
    @ParameterizedTest
    @CsvSource({
        "Float, 4, 4, 32, 0, 0",
        "Float, 6, 2, 20, 0, 0",
        "Float, 4, 1, 64, 9, 0",
        "Float, 2, 2, 16, 0, 4",
        "Float, 3, 1, 7, 30, 4",
        "BFloat16, 4, 2, 32, 0, 0",
        "Double, 4, 2, 9, 5, 3"
    })
    void documentAttentionAndItsGradientAreThoseOfFloat64(
            ScalarType dtype, int h, int k, int e, int window, double cap) {
        torch.manual_seed(11);
        int[] start = {0, 0, 33, 34, 34, 130, 200};
        AttentionScores scores = new AttentionScores(0.4, cap == 0 ? null : cap, window);
        Tensor projected = torch.randn(200, (h + 2 * k) * e).to(dtype);
        Tensor gradient = torch.randn(200, h * e).to(dtype);
        Tensor[] got = run(kernels, projected, gradient, start, scores, h);
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
    void documentAttentionStaysInItsDocument() {
        torch.manual_seed(12);
        AttentionScores scores = new AttentionScores(0.2, null, 0);
        Tensor projected = torch.randn(70, 3 * 24);
        Tensor gradient = torch.randn(70, 24);
        Tensor[] all = run(kernels, projected, gradient, new int[] {0, 37, 70}, scores, 3);
        assertThat(worst(all[0].select(0, 37), projected.select(0, 37).narrow(0, 48, 24)))
                .isLessThan(1e-6);
        Tensor[] alone =
                run(kernels, projected.narrow(0, 37, 33), gradient.narrow(0, 37, 33), new int[] {0, 33}, scores, 3);
        assertThat(worst(all[0].narrow(0, 37, 33), alone[0])).isLessThan(1e-6);
        assertThat(worst(all[2].narrow(0, 37, 33), alone[2])).isLessThan(1e-6);
    }

    @Test
    void documentAttentionOfNothingIsNothing() {
        Tensor[] none =
                run(kernels, torch.randn(0, 24), torch.randn(0, 8), new int[] {0}, new AttentionScores(1, null, 0), 1);
        assertThat(none[2].numel()).isZero();
    }

    @Test
    void documentAttentionRefusesOtherShapes() {
        AttentionScores scores = new AttentionScores(1, null, 0);
        assertThatThrownBy(() -> run(kernels, torch.zeros(3, 25), torch.zeros(3, 8), new int[] {0, 3}, scores, 1))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("H a multiple of K");
        assertThatThrownBy(() -> run(kernels, torch.zeros(3, 24), torch.zeros(3, 8), new int[] {0, 4}, scores, 1))
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

    // --- comparison --------------------------------------------------------------------------------------------------

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
