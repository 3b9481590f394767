package awl.model;

import awl.kernel.Kernels;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Attention by [Kernels#documentAttention]: all documents in one call.
///
/// @param kernels which do it in one kernel
record KernelAttention(Kernels kernels) implements AttentionCore {

    @Override
    public Tensor[] forward(Tensor all, AttentionShape shape, int[] documentStart, Tensor out_NHE, boolean record) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor logSumExp_HN = Tensors.beside(all, ScalarType.Float, shape.heads(), all.size(0));
            kernels.documentAttention(all, documentStart, shape.scores(), out_NHE, logSumExp_HN);
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
        kernels.documentAttentionBackward(gradient_NHE, all, documentStart, shape.scores(), out_NHE, saved[0], below);
    }
}
