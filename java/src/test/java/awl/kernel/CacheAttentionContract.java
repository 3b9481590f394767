package awl.kernel;

import static awl.kernel.Accuracy.same;
import static awl.kernel.Accuracy.worst;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.ShapeException;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What every implementation of [Kernels#cacheAttention] must satisfy.
interface CacheAttentionContract {

    Kernels kernels();

    @Test
    default void cacheAttentionOfATokenIsAttentionOverItsSlot() {
        torch.manual_seed(7);
        long h = 6;
        long k = 2;
        long e = 20;
        for (int window : new int[] {0, 30}) {
            for (Double cap : new Double[] {null, 5.0}) {
                AttentionScores scores = new AttentionScores(0.3, cap, window);
                Step step = Step.random(h, k, e, ScalarType.Float);
                Step truth = step.in(ScalarType.Double);
                truth.run(new TorchKernels(), scores);
                step.run(kernels(), scores);
                assertThat(worst(step.out.to(ScalarType.Double), truth.out)).isLessThan(2e-6);
                assertThat(worst(step.keys.to(ScalarType.Double), truth.keys)).isLessThan(1e-6);
                assertThat(same(step.values.to(ScalarType.Double), truth.values))
                        .isTrue();
                // By hand: the first position of a slot sees itself alone, whatever the scores are.
                assertThat(same(
                                step.out.select(0, 3).narrow(0, 0, e),
                                step.projected.select(0, 3).narrow(0, (h + k) * e, e)))
                        .isTrue();
            }
        }
    }

    /// In bfloat16, against float64 over the same rounded numbers, beside plain libtorch in bfloat16.
    @ParameterizedTest
    @CsvSource({"6, 2, 20, 0, 0", "6, 2, 20, 30, 5", "9, 3, 64, 0, 0", "4, 4, 33, 17, 0", "8, 1, 128, 0, 0"})
    default void cacheAttentionInBfloat16IsAsExactAsPlainLibtorch(int h, int k, int e, int window, double cap) {
        torch.manual_seed(h * 100L + e);
        AttentionScores scores = new AttentionScores(1 / Math.sqrt(e), cap == 0 ? null : cap, window);
        Step step = Step.random(h, k, e, ScalarType.BFloat16);
        Step truth = step.in(ScalarType.Double);
        truth.run(new TorchKernels(), scores);
        Tensor plain = plainAttention(
                step.projected,
                step.cosine,
                step.sine,
                step.keys.clone(),
                step.values.clone(),
                Step.SLOT,
                Step.POSITION,
                scores,
                h,
                k);
        step.run(kernels(), scores);
        double ours = worst(step.out.to(ScalarType.Double), truth.out);
        double theirs = worst(plain.to(ScalarType.Double), truth.out);
        assertThat(ours).as("plain libtorch: %s", theirs).isLessThanOrEqualTo(2 * theirs);
        assertThat(worst(step.keys.to(ScalarType.Double), truth.keys)).isLessThan(1.0 / 256);
        assertThat(same(step.values.to(ScalarType.Double), truth.values)).isTrue();
    }

    /// Four new tokens of three slots, two of them of one.
    record Step(Tensor projected, Tensor cosine, Tensor sine, Tensor keys, Tensor values, Tensor out) {
        static final int[] SLOT = {2, 0, 0, 1};
        static final int[] POSITION = {70, 98, 99, 0};

        static Step random(long h, long k, long e, ScalarType dtype) {
            Tensor projected = torch.randn(4, (h + 2 * k) * e).to(dtype);
            Tensor angle = torch.randn(4, 6);
            return new Step(
                    projected,
                    torch.cat(new TensorVector(angle.cos(), angle.cos()), 1),
                    torch.cat(new TensorVector(angle.sin().neg(), angle.sin()), 1),
                    torch.randn(3, k, 100, e).to(dtype),
                    torch.randn(3, k, 100, e).to(dtype),
                    torch.zeros(4, h * e).to(dtype));
        }

        /// The same numbers in another dtype.
        Step in(ScalarType dtype) {
            return new Step(
                    projected.to(dtype),
                    cosine.to(dtype),
                    sine.to(dtype),
                    keys.to(dtype),
                    values.to(dtype),
                    out.to(dtype));
        }

        void run(Kernels kernels, AttentionScores scores) {
            kernels.cacheAttention(
                    projected,
                    cosine,
                    sine,
                    keys,
                    values,
                    Tensors.indices(SLOT),
                    Tensors.indices(POSITION),
                    scores,
                    out);
        }
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
    default void cacheAttentionRefusesOtherShapes() {
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
}
