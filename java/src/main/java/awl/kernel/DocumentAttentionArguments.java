package awl.kernel;

import awl.ShapeException;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Shapes and dtypes of [Kernels#documentAttention] and its gradient.
final class DocumentAttentionArguments {

    private DocumentAttentionArguments() {}

    /// Heads H, key/value heads K and head width E, as the tensors have them.
    record Heads(long heads, long kvHeads, long width) {}

    static Heads check(Tensor projected_NW, int[] documentStart, Tensor out_NHE, Tensor logSumExp_HN) {
        Arguments.rank(projected_NW, "projected", "(N, (H + 2K) E)", 2);
        Arguments.rank(out_NHE, "out", "(N, H E)", 2);
        Arguments.rank(logSumExp_HN, "log-sum-exp", "(H, N)", 2);
        Arguments.dtype(projected_NW, "projected", ScalarType.Float, ScalarType.BFloat16, ScalarType.Double);
        ScalarType dtype = Arguments.dtype(projected_NW);
        Arguments.dtype(out_NHE, "out", dtype);
        Arguments.dtype(logSumExp_HN, "log-sum-exp", Arguments.accumulator(dtype));
        Arguments.dense(logSumExp_HN, "log-sum-exp");
        long rows = projected_NW.size(0);
        long heads = logSumExp_HN.size(0);
        long width = heads > 0 ? out_NHE.size(1) / heads : 0;
        long kvHeads = width > 0 ? (projected_NW.size(1) - out_NHE.size(1)) / (2 * width) : 0;
        if (kvHeads < 1
                || heads % kvHeads != 0
                || out_NHE.size(1) != heads * width
                || projected_NW.size(1) != (heads + 2 * kvHeads) * width
                || out_NHE.size(0) != rows
                || logSumExp_HN.size(1) != rows) {
            throw new ShapeException(
                    ("document attention: expected projected (N, (H + 2K) E), out (N, H E) and log-sum-exp (H, N) with H a"
                                    + " multiple of K, got (%d, %d), (%d, %d) and (%d, %d)")
                            .formatted(
                                    rows,
                                    projected_NW.size(1),
                                    out_NHE.size(0),
                                    out_NHE.size(1),
                                    heads,
                                    logSumExp_HN.size(1)));
        }
        boolean rising = documentStart.length > 0 && documentStart[0] == 0;
        for (int d = 0; rising && d + 1 < documentStart.length; d++) {
            rising = documentStart[d] <= documentStart[d + 1];
        }
        if (!rising || documentStart[documentStart.length - 1] != rows) {
            throw new ShapeException("document start: expected rising rows from 0 to %d, got %s"
                    .formatted(rows, Arrays.toString(documentStart)));
        }
        return new Heads(heads, kvHeads, width);
    }

    static void gradients(Tensor gradient_NHE, Tensor below_NW, Tensor projected_NW, Tensor out_NHE) {
        Arguments.shape(gradient_NHE, "gradient", "(N, H E)", out_NHE.size(0), out_NHE.size(1));
        Arguments.shape(below_NW, "below", "(N, (H + 2K) E)", projected_NW.size(0), projected_NW.size(1));
        Arguments.dtype(gradient_NHE, "gradient", Arguments.dtype(projected_NW));
        Arguments.dtype(below_NW, "below", Arguments.dtype(projected_NW));
    }
}
