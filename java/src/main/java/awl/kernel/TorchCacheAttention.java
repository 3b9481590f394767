package awl.kernel;

import awl.tensor.Tensors;
import java.nio.LongBuffer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// [Kernels#cacheAttention] token by token in libtorch operations.
record TorchCacheAttention(Tensor keys_SKCE, Tensor values_SKCE, AttentionScores scores) {

    void run(Tensor projected_NW, Tensor cosine_NR, Tensor sine_NR, Tensor slot_N, Tensor position_N, Tensor out_NHE) {
        long n = projected_NW.size(0);
        long k = keys_SKCE.size(1);
        long e = keys_SKCE.size(3);
        long h = out_NHE.size(1) / e;
        Tensor heads = projected_NW.view(n, h + 2 * k, e);
        // In float32 at least; what is kept is rounded once.
        Tensor turning_NxR = heads.narrow(1, 0, h + k).narrow(2, 0, cosine_NR.size(1));
        Tensor wide_NxR = turning_NxR.to(Tensors.dtype(cosine_NR));
        rotate(wide_NxR, cosine_NR, sine_NR);
        turning_NxR.copy_(wide_NxR);
        LongBuffer slots = slot_N.cpu().contiguous().createBuffer();
        LongBuffer positions = position_N.cpu().contiguous().createBuffer();
        for (int row = 0; row < n; row++) {
            Tensor own = heads.select(0, row);
            at(keys_SKCE, slots.get(row), positions.get(row)).copy_(own.narrow(0, h, k));
            at(values_SKCE, slots.get(row), positions.get(row)).copy_(own.narrow(0, h + k, k));
        }
        for (int row = 0; row < n; row++) {
            Tensor queries_KGE = heads.select(0, row).narrow(0, 0, h).reshape(k, h / k, e);
            long to = positions.get(row) + 1;
            long from = scores.window() > 0 ? Math.max(0, to - scores.window()) : 0;
            Tensor attended = attend(queries_KGE, slots.get(row), from, to);
            out_NHE.select(0, row).copy_(attended.reshape(h * e));
        }
    }

    private static void rotate(Tensor x_NxR, Tensor cosine_NR, Tensor sine_NR) {
        Tensor swapped = x_NxR.roll(new long[] {cosine_NR.size(1) / 2}, new long[] {2});
        x_NxR.mul_(cosine_NR.unsqueeze(1));
        x_NxR.add_(swapped.mul_(sine_NR.unsqueeze(1)));
    }

    /// `[K, E]`
    private static Tensor at(Tensor memory_SKCE, long slot, long position) {
        return memory_SKCE.select(0, slot).select(1, position);
    }

    private Tensor attend(Tensor queries_KGE, long slot, long from, long to) {
        ScalarType wide = Arguments.accumulator(Arguments.dtype(queries_KGE));
        Tensor keys_KTE = keys_SKCE.select(0, slot).narrow(1, from, to - from).to(wide);
        Tensor values_KTE =
                values_SKCE.select(0, slot).narrow(1, from, to - from).to(wide);
        Tensor scores_KGT =
                torch.bmm(queries_KGE.to(wide), keys_KTE.transpose(1, 2)).mul_(new Scalar(scores.scale()));
        if (scores.softCap() != null) {
            Scalar cap = new Scalar(scores.softCap());
            scores_KGT.div_(cap).tanh_().mul_(cap);
        }
        return torch.bmm(torch.softmax(scores_KGT, 2), values_KTE);
    }
}
