package awl.model;

import awl.kernel.Documents;
import awl.tensor.Operator;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Attention of many short documents in one call of libtorch's blocked kernel, where a call each
/// ([FlashAttention]) would cost more than the arithmetic.
///
/// The documents' rows are gathered into a rectangle, each padded at its end with copies of its last row.
/// Causality alone keeps every real query from seeing them, so there is no mask; what they compute is left
/// behind, and backwards their gradient is zero.
final class PaddedAttention implements AttentionCore {

    static final PaddedAttention INSTANCE = new PaddedAttention();

    private static final Operator FORWARD = Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu", "");
    private static final Operator BACKWARD =
            Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "");

    /// Longest document for which the calls cost more than the padding.
    private static final int SHORT = 256;

    private static final int MANY = 4;

    private PaddedAttention() {}

    /// Whether this is the better way: many short documents of nearly one length, every head with its own keys.
    static boolean suits(AttentionShape shape, ScalarType dtype, int[] documentStart) {
        int documents = documentStart.length - 1;
        int longest = Documents.longest(documentStart);
        boolean plain = shape.softCap() == null
                && shape.group() == 1
                && (shape.window() == 0 || longest <= shape.window())
                && (dtype == ScalarType.Float || dtype == ScalarType.Double);
        return plain && documents >= MANY && longest <= SHORT && longest * documents <= 3 * documentStart[documents];
    }

    /// @param gather_P row of the stream for each row of the rectangle
    /// @param place_N row of the rectangle for each row of the stream
    private record Layout(long documents, long length, Tensor gather_P, Tensor place_N) {

        static Layout of(int[] documentStart) {
            int documents = documentStart.length - 1;
            int length = Documents.longest(documentStart);
            int[] gather = new int[documents * length];
            int[] place = new int[documentStart[documents]];
            for (int d = 0; d < documents; d++) {
                int from = documentStart[d];
                int count = documentStart[d + 1] - from;
                for (int t = 0; t < length; t++) {
                    // An empty document's rows are copies of any row: nobody reads what comes of them.
                    gather[d * length + t] = Math.min(from + Math.max(0, Math.min(t, count - 1)), place.length - 1);
                }
                for (int t = 0; t < count; t++) {
                    place[from + t] = d * length + t;
                }
            }
            return new Layout(documents, length, Tensors.indices(gather), Tensors.indices(place));
        }

        Tensor gather(Tensor stream) {
            return torch.index_select(stream, 0, gather_P);
        }

        /// `[D, H, T, E]`, a view of a rectangle's columns.
        Tensor heads(Tensor rectangle, AttentionShape shape, long column) {
            long e = shape.headDim();
            long row = rectangle.size(1);
            return Tensors.strided(
                    rectangle,
                    new long[] {documents, shape.heads(), length, e},
                    new long[] {length * row, e, row, 1},
                    column);
        }

        /// The stream's rows of `[D, H, T, E]`, as `[N, H E]`.
        Tensor rows(Tensor heads_DHTE) {
            Tensor flat = heads_DHTE.transpose(1, 2).reshape(documents * length, -1);
            return torch.index_select(flat, 0, place_N);
        }
    }

    @Override
    public Tensor[] forward(Tensor all, AttentionShape shape, int[] documentStart, Tensor out_NHE, boolean record) {
        try (TensorScope scope = TensorScope.open();
                Threads.SerialBlas serial = Threads.serialBlas()) {
            Layout layout = Layout.of(documentStart);
            Tensor padded = layout.gather(all);
            Tensor[] results = FORWARD.call(
                    layout.heads(padded, shape, 0),
                    layout.heads(padded, shape, shape.keys()),
                    layout.heads(padded, shape, shape.values()),
                    0.0,
                    true,
                    null,
                    shape.scale());
            out_NHE.copy_(layout.rows(results[0]));
            return new Tensor[] {scope.keep(results[1])};
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
        try (TensorScope scope = TensorScope.open();
                Threads.SerialBlas serial = Threads.serialBlas()) {
            Layout layout = Layout.of(documentStart);
            Tensor padded = layout.gather(all);
            Tensor out = layout.gather(out_NHE);
            Tensor up = Tensors.zerosBeside(all, Tensors.dtype(all), layout.documents * layout.length, shape.keys());
            up.index_copy_(0, layout.place_N, gradient_NHE);
            Tensor[] gradients = BACKWARD.call(
                    layout.heads(up, shape, 0),
                    layout.heads(padded, shape, 0),
                    layout.heads(padded, shape, shape.keys()),
                    layout.heads(padded, shape, shape.values()),
                    layout.heads(out, shape, 0),
                    saved[0],
                    0.0,
                    true,
                    null,
                    shape.scale());
            long width = shape.keys();
            below.narrow(1, 0, width).copy_(layout.rows(gradients[0]));
            below.narrow(1, shape.keys(), width).copy_(layout.rows(gradients[1]));
            below.narrow(1, shape.values(), width).copy_(layout.rows(gradients[2]));
        }
    }
}
