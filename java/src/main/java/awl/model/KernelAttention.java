package awl.model;

import awl.kernel.Kernels;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Attention by [Kernels#documentAttention]: all documents in one call. bfloat16 is widened, for the kernel
/// computes in float32.
///
/// @param kernels which do it in one kernel
record KernelAttention(Kernels kernels) implements AttentionCore {

    @Override
    public Tensor[] forward(Tensor all, AttentionShape shape, int[] documentStart, Tensor out_NHE, boolean record) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor logSumExp_HN = Tensors.beside(all, ScalarType.Float, shape.heads(), all.size(0));
            Tensor wide = all.to(ScalarType.Float);
            Tensor out = out_NHE.to(ScalarType.Float);
            kernels.documentAttention(wide, documentStart, shape.scores(), out, logSumExp_HN);
            back(out, out_NHE);
            return new Tensor[] {scope.keep(logSumExp_HN)};
        }
    }

    @Override
    public void backward(
            Tensor gradient_NHE,
            Tensor all,
            Tensor out_NHE,
            Tensor[] saved,
            AttentionShape shape,
            int[] documentStart,
            Tensor below) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor wide = below.to(ScalarType.Float);
            kernels.documentAttentionBackward(
                    gradient_NHE.to(ScalarType.Float),
                    all.to(ScalarType.Float),
                    documentStart,
                    shape.scores(),
                    out_NHE.to(ScalarType.Float),
                    saved[0],
                    wide);
            back(wide, below);
        }
    }

    /// Rounds what was computed beside; a float32 tensor's `to` is the tensor itself.
    private static void back(Tensor wide, Tensor narrow) {
        if (Tensors.dtype(narrow) != ScalarType.Float) {
            narrow.copy_(wide);
        }
    }
}
