package awl.kernel;

import awl.ShapeException;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// [Kernels#dropout] in libtorch's integers of 64 bits, of which all but the row's keys use the lower half.
final class TorchDropout {

    private static final long LOW = 0xffffffffL;
    private static final double ALL = 0x1p32;

    private TorchDropout() {}

    static void check(Tensor x_NI, Tensor key_N, double share, Tensor out_NI) {
        Arguments.rank(x_NI, "x", "(N, I)", 2);
        Arguments.dtype(x_NI, "x", ScalarType.Float, ScalarType.BFloat16, ScalarType.Double);
        Arguments.shape(key_N, "key", "(N)", x_NI.size(0));
        Arguments.dtype(key_N, "key", ScalarType.Long);
        Arguments.dense(key_N, "key");
        Arguments.shape(out_NI, "out", "(N, I)", x_NI.size(0), x_NI.size(1));
        Arguments.dtype(out_NI, "out", Arguments.dtype(x_NI));
        if (!(share >= 0 && share < 1)) {
            throw new ShapeException("dropout: share: expected a number from 0 to below 1, got " + share);
        }
    }

    static void run(Tensor x_NI, Tensor key_N, double share, long place, Tensor out_NI) {
        if (x_NI.numel() == 0) {
            return;
        }
        Tensor z_N = key_N.add(new Scalar(place));
        z_N = z_N.bitwise_xor(shifted(z_N, 30)).mul_(new Scalar(0xbf58476d1ce4e5b9L));
        z_N = z_N.bitwise_xor(shifted(z_N, 27)).mul_(new Scalar(0x94d049bb133111ebL));
        z_N = z_N.bitwise_xor(shifted(z_N, 31));
        Tensor low_N1 = z_N.bitwise_and(new Scalar(LOW)).unsqueeze(1);
        Tensor high_N1 = shifted(z_N, 32).unsqueeze(1);
        Tensor column_I = Tensors.places(key_N, x_NI.size(1));
        Tensor h_NI = low32(column_I.mul_(new Scalar(0x9e3779b9L)).unsqueeze(0).add(low_N1));
        h_NI = low32(
                h_NI.bitwise_xor_(h_NI.bitwise_right_shift(new Scalar(16L))).mul_(new Scalar(0x7feb352dL)));
        h_NI = h_NI.bitwise_xor_(h_NI.bitwise_right_shift(new Scalar(15L))).add_(high_N1);
        h_NI = low32(low32(h_NI).mul_(new Scalar(0x846ca68bL)));
        h_NI = h_NI.bitwise_xor_(h_NI.bitwise_right_shift(new Scalar(16L)));
        // The factor in float32, as the kernels have it.
        Tensor scaled = x_NI.mul(
                new Scalar(Arguments.dtype(x_NI) == ScalarType.Double ? 1 / (1 - share) : (float) (1 / (1 - share))));
        Tensor dropped_NI = h_NI.lt(new Scalar((long) (share * ALL)));
        out_NI.copy_(scaled.masked_fill_(dropped_NI, new Scalar(0.0)));
    }

    private static Tensor low32(Tensor h) {
        return h.bitwise_and_(new Scalar(LOW));
    }

    /// Zeros come in from above.
    private static Tensor shifted(Tensor z, int by) {
        return z.bitwise_right_shift(new Scalar((long) by)).bitwise_and_(new Scalar(-1L >>> by));
    }
}
