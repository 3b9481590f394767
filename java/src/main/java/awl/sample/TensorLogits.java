package awl.sample;

import awl.ShapeException;
import java.nio.FloatBuffer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Logits] in a tensor, on any device. The largest logit and the log-sum of every row are found there, in one
/// pass for
/// all rows; a row crosses to Java only where a token is drawn from it.
final class TensorLogits implements Logits {

    private final Tensor logits_SV;
    private final int rows;
    private final int vocabulary;
    private final long[] argmax;
    private final float[] max;
    private final double[] logSumExp;
    private @Nullable Tensor host_SV;

    /// @param logits_SV float32, contiguous; owned and closed by this object
    TensorLogits(Tensor logits_SV) {
        if (logits_SV.dim() != 2
                || logits_SV.scalar_type().intern() != ScalarType.Float
                || !logits_SV.is_contiguous()) {
            throw new ShapeException("logits: expected a contiguous float32 matrix, got " + logits_SV.dim()
                    + " axes of " + logits_SV.scalar_type());
        }
        this.logits_SV = logits_SV;
        this.rows = Math.toIntExact(logits_SV.size(0));
        this.vocabulary = Math.toIntExact(logits_SV.size(1));
        this.argmax = new long[rows];
        this.max = new float[rows];
        this.logSumExp = new double[rows];
        try (PointerScope scope = new PointerScope();
                NoGradGuard noGrad = new NoGradGuard()) {
            T_TensorTensor_T largest = logits_SV.max(1, true);
            // exp in float32 is exact to the last digit or so; only the sum needs more.
            Tensor sum_S = logits_SV
                    .sub(largest.get0())
                    .exp_()
                    .sum(new long[] {1}, false, new ScalarTypeOptional(ScalarType.Double));
            FloatBuffer maxima = largest.get0().cpu().contiguous().createBuffer();
            maxima.get(max);
            java.nio.LongBuffer ids = largest.get1().cpu().contiguous().createBuffer();
            ids.get(argmax);
            java.nio.DoubleBuffer sums = sum_S.cpu().contiguous().createBuffer();
            for (int row = 0; row < rows; row++) {
                logSumExp[row] = max[row] + Math.log(sums.get(row));
            }
        }
    }

    @Override
    public int vocabularySize() {
        return vocabulary;
    }

    @Override
    public int argmax(int row) {
        return Math.toIntExact(argmax[row]);
    }

    @Override
    public float max(int row) {
        return max[row];
    }

    @Override
    public double logSumExp(int row) {
        return logSumExp[row];
    }

    @Override
    public void copy(int row, float[] into) {
        Tensor host = host_SV;
        if (host == null) {
            host = host_SV = logits_SV.is_cpu() ? logits_SV : logits_SV.cpu();
        }
        try (PointerScope scope = new PointerScope()) {
            new FloatPointer(host.data_ptr()).position((long) row * vocabulary).get(into, 0, vocabulary);
        }
    }

    @Override
    public void close() {
        if (host_SV != null && host_SV != logits_SV) {
            host_SV.close();
        }
        logits_SV.close();
    }
}
