package awl.sample;

import awl.ShapeException;
import awl.kernel.Kernels;
import awl.tensor.DeviceHandle;
import java.nio.FloatBuffer;
import java.util.Map;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Logits] in a tensor, on any device. Tokens are chosen there ([KernelSampler]) where [Kernels#samplesOn]
/// says so. Else, and where a row is wanted all the same, the largest logit and the log-sum of every row
/// are found there in one pass for all rows, and a row crosses to Java only where a token is drawn from it.
public final class TensorLogits implements Logits {

    private final Tensor logits_SV;
    private final Kernels kernels;
    private final int vocabulary;
    private @Nullable Summary summary;
    private @Nullable Tensor host_SV;

    /// Of every row.
    private record Summary(long[] argmax, float[] max, double[] logSumExp) {

        static Summary of(Tensor logits_SV) {
            int rows = Math.toIntExact(logits_SV.size(0));
            Summary summary = new Summary(new long[rows], new float[rows], new double[rows]);
            try (PointerScope scope = new PointerScope();
                    NoGradGuard noGrad = new NoGradGuard()) {
                T_TensorTensor_T largest = logits_SV.max(1, true);
                // exp in float32 is exact to the last digit or so; only the sum needs more.
                Tensor sum_S = logits_SV
                        .sub(largest.get0())
                        .exp_()
                        .sum(new long[] {1}, false, new ScalarTypeOptional(ScalarType.Double));
                FloatBuffer maxima = largest.get0().cpu().contiguous().createBuffer();
                maxima.get(summary.max);
                java.nio.LongBuffer ids = largest.get1().cpu().contiguous().createBuffer();
                ids.get(summary.argmax);
                java.nio.DoubleBuffer sums = sum_S.cpu().contiguous().createBuffer();
                for (int row = 0; row < rows; row++) {
                    summary.logSumExp[row] = summary.max[row] + Math.log(sums.get(row));
                }
            }
            return summary;
        }
    }

    /// @param logits_SV float32, contiguous; owned and closed by this object
    public TensorLogits(Tensor logits_SV, Kernels kernels) {
        if (logits_SV.dim() != 2
                || logits_SV.scalar_type().intern() != ScalarType.Float
                || !logits_SV.is_contiguous()) {
            throw new ShapeException("logits: expected a contiguous float32 matrix, got " + logits_SV.dim()
                    + " axes of " + logits_SV.scalar_type());
        }
        this.logits_SV = logits_SV;
        this.kernels = kernels;
        this.vocabulary = Math.toIntExact(logits_SV.size(1));
    }

    @Override
    public Map<Integer, Choice> choose(Map<Integer, Draw> draws) {
        return draws.isEmpty() || !kernels.samplesOn(DeviceHandle.of(logits_SV))
                ? Map.of()
                : KernelSampler.choose(kernels, logits_SV, draws);
    }

    private Summary summary() {
        Summary known = summary;
        if (known == null) {
            known = summary = Summary.of(logits_SV);
        }
        return known;
    }

    @Override
    public int vocabularySize() {
        return vocabulary;
    }

    @Override
    public int argmax(int row) {
        return Math.toIntExact(summary().argmax[row]);
    }

    @Override
    public float max(int row) {
        return summary().max[row];
    }

    @Override
    public double logSumExp(int row) {
        return summary().logSumExp[row];
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
