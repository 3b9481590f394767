package awl.model;

import awl.kernel.Documents;
import awl.tensor.Operator;
import awl.tensor.TensorScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Attention of all documents of a stream in one call of libtorch's CUDA kernel for rows of various lengths
/// (FlashAttention-2, arXiv 2307.08691): no padding, heads share keys without copies, windows skip what they do not
/// see. bfloat16 as it is, sums in float32 inside.
final class VarlenAttention implements AttentionCore {

    /// Head widths are multiples of this; the widest is [#WIDEST].
    private static final int STEP = 8;

    private static final int WIDEST = 256;

    private final Kernel kernel;
    private final Tensor start_S;

    /// @param start_S first row of every document, and N; int32, on the device
    VarlenAttention(Tensor start_S) {
        this(new LibTorchKernel(), start_S);
    }

    VarlenAttention(Kernel kernel, Tensor start_S) {
        this.kernel = kernel;
        this.start_S = start_S;
    }

    /// Whether the kernel computes this; soft-capped scores and float32 it does not know.
    static boolean suits(AttentionShape shape, ScalarType dtype) {
        return dtype == ScalarType.BFloat16
                && shape.softCap() == null
                && shape.headDim() % STEP == 0
                && shape.headDim() <= WIDEST;
    }

    /// One call's setting.
    ///
    /// @param start_S see [VarlenAttention]
    /// @param longest tokens of the longest document
    /// @param left tokens before itself that one sees; null = all
    record Call(
            Tensor start_S,
            long longest,
            double scale,
            @Nullable Long left) {}

    /// The bare kernel; causal, without dropout.
    interface Kernel {

        /// @return output `[N, H, E]`, then what [#backward] needs
        Tensor[] forward(Tensor queries_NHE, Tensor keys_NKE, Tensor values_NKE, Call call);

        /// @param saved all that [#forward] returned
        /// @return gradients of queries, keys, values
        Tensor[] backward(
                Tensor gradient_NHE, Tensor queries_NHE, Tensor keys_NKE, Tensor values_NKE, Tensor[] saved, Call call);
    }

    /// By libtorch's operators, which have no Java method.
    static final class LibTorchKernel implements Kernel {

        private static final Operator FORWARD = Operator.named("aten::_flash_attention_forward", "");
        private static final Operator BACKWARD = Operator.named("aten::_flash_attention_backward", "");

        @Override
        public Tensor[] forward(Tensor queries_NHE, Tensor keys_NKE, Tensor values_NKE, Call call) {
            return FORWARD.call(
                    queries_NHE,
                    keys_NKE,
                    values_NKE,
                    call.start_S,
                    call.start_S,
                    call.longest,
                    call.longest,
                    0.0, // dropout
                    true, // causal
                    false, // no debug mask
                    call.scale,
                    call.left,
                    call.left == null ? null : 0L,
                    null, // used keys
                    null); // ALiBi
        }

        @Override
        public Tensor[] backward(
                Tensor gradient_NHE,
                Tensor queries_NHE,
                Tensor keys_NKE,
                Tensor values_NKE,
                Tensor[] saved,
                Call call) {
            return BACKWARD.call(
                    gradient_NHE,
                    queries_NHE,
                    keys_NKE,
                    values_NKE,
                    saved[0],
                    saved[1], // log-sum-exp
                    call.start_S,
                    call.start_S,
                    call.longest,
                    call.longest,
                    0.0,
                    true,
                    saved[2], // state of dropout's generator, unused
                    saved[3],
                    call.scale,
                    call.left,
                    call.left == null ? null : 0L);
        }
    }

    private Call call(AttentionShape shape, int[] documentStart) {
        Long left = shape.window() > 0 ? (Long) (shape.window() - 1L) : null;
        return new Call(start_S, Documents.longest(documentStart), shape.scale(), left);
    }

    @Override
    public Tensor[] forward(Tensor all, AttentionShape shape, int[] documentStart, Tensor out_NHE, boolean record) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] results = kernel.forward(
                    heads(all, 0, shape.keys(), shape),
                    heads(all, shape.keys(), shape.values(), shape),
                    heads(all, shape.values(), shape.width(), shape),
                    call(shape, documentStart));
            out_NHE.copy_(results[0].reshape(out_NHE.size(0), out_NHE.size(1)));
            Tensor[] saved = new Tensor[results.length - 1];
            for (int i = 0; i < saved.length; i++) {
                saved[i] = scope.keep(results[i + 1]);
            }
            return saved;
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
            Tensor[] results = new Tensor[saved.length + 1];
            results[0] = heads(out_NHE, 0, shape.keys(), shape);
            System.arraycopy(saved, 0, results, 1, saved.length);
            Tensor[] gradients = kernel.backward(
                    heads(gradient_NHE, 0, shape.keys(), shape),
                    heads(all, 0, shape.keys(), shape),
                    heads(all, shape.keys(), shape.values(), shape),
                    heads(all, shape.values(), shape.width(), shape),
                    results,
                    call(shape, documentStart));
            heads(below, 0, shape.keys(), shape).copy_(gradients[0]);
            heads(below, shape.keys(), shape.values(), shape).copy_(gradients[1]);
            heads(below, shape.values(), shape.width(), shape).copy_(gradients[2]);
        }
    }

    /// Columns [from, to) as heads, a view.
    private static Tensor heads(Tensor stream, long from, long to, AttentionShape shape) {
        long e = shape.headDim();
        return stream.narrow(1, from, to - from).unflatten(1, (to - from) / e, e);
    }
}
