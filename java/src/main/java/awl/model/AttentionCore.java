package awl.model;

import awl.kernel.Kernels;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Causal attention inside each document of a stream, forwards and backwards.
///
/// Queries, keys and values come side by side, `[N, (H + 2K) E]`, already rotated.
interface AttentionCore {

    /// Which one computes what: libtorch's fused kernel, except for soft-capped scores, which it does not know.
    static AttentionCore of(AttentionShape shape, ScalarType dtype) {
        return shape.softCap() == null ? FlashAttention.INSTANCE : ExplicitAttention.INSTANCE;
    }

    /// The same for documents whose borders are known: by a kernel of ours where there is one; else many
    /// short ones are computed together. On a device by libtorch's kernel for it, and step by step what that
    /// does not know.
    ///
    /// @param start_S `documentStart` on a CUDA device; null elsewhere
    static AttentionCore of(
            Kernels kernels, AttentionShape shape, Tensor all, int[] documentStart, @Nullable Tensor start_S) {
        if (!all.is_cpu()) {
            return start_S != null && VarlenAttention.suits(shape, Tensors.dtype(all))
                    ? new VarlenAttention(start_S)
                    : ExplicitAttention.INSTANCE;
        }
        if (kernels.fusesDocumentAttention(all)) {
            return new KernelAttention(kernels);
        }
        ScalarType dtype = Tensors.dtype(all);
        return PaddedAttention.suits(shape, dtype, documentStart) ? PaddedAttention.INSTANCE : of(shape, dtype);
    }

    /// @param out_NHE written, `[N, H E]`
    /// @param record whether [#backward] will follow
    /// @return what backward needs beside inputs and output
    Tensor[] forward(Tensor all, AttentionShape shape, int[] documentStart, Tensor out_NHE, boolean record);

    /// @param below written in full: the gradient of `all`
    void backward(
            Tensor gradient_NHE,
            Tensor all,
            Tensor out_NHE,
            Tensor[] saved,
            AttentionShape shape,
            int[] documentStart,
            Tensor below);
}
