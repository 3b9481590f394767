package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.tensor.Tensors;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Kernels#documentAttention] and its gradient by `awl_document_attention` and `awl_document_attention_backward`.
final class NativeDocumentAttention {

    private final NativeLibrary library;
    private final MethodHandle forward;
    private final MethodHandle backward;
    private final Workspace workspace = new Workspace();

    private NativeDocumentAttention(NativeLibrary library, MethodHandle forward, MethodHandle backward) {
        this.library = library;
        this.forward = forward;
        this.backward = backward;
    }

    /// The library's pair, or null where it does not have both.
    static @Nullable NativeDocumentAttention of(NativeLibrary library, KernelHandles handles) {
        MethodHandle forward = handles.documentAttention();
        MethodHandle backward = handles.documentAttentionBackward();
        return forward == null || backward == null ? null : new NativeDocumentAttention(library, forward, backward);
    }

    void releaseWorkspace() {
        workspace.close();
    }

    void forward(
            Tensor projected_NW, int[] documentStart, AttentionScores scores, Tensor out_NHE, Tensor logSumExp_HN) {
        try (PointerScope _ = new PointerScope()) {
            Tensor start = Tensors.indices(documentStart);
            Tensor space = space(documentStart, out_NHE, logSumExp_HN);
            library.call("document_attention", arena -> (int) forward.invokeExact(
                    library.view(projected_NW, arena),
                    library.view(start, arena),
                    library.view(out_NHE, arena),
                    library.view(logSumExp_HN, arena),
                    library.view(space, arena),
                    scores.scale(),
                    scores.nativeCap(),
                    (long) scores.window(),
                    library.stream()));
        }
    }

    void backward(
            Tensor gradient_NHE,
            Tensor projected_NW,
            int[] documentStart,
            AttentionScores scores,
            Tensor out_NHE,
            Tensor logSumExp_HN,
            Tensor below_NW) {
        try (PointerScope _ = new PointerScope()) {
            Tensor start = Tensors.indices(documentStart);
            Tensor space = space(documentStart, out_NHE, logSumExp_HN);
            library.call("document_attention_backward", arena -> (int) backward.invokeExact(
                    library.view(gradient_NHE, arena),
                    library.view(projected_NW, arena),
                    library.view(start, arena),
                    library.view(out_NHE, arena),
                    library.view(logSumExp_HN, arena),
                    library.view(below_NW, arena),
                    library.view(space, arena),
                    scores.scale(),
                    scores.nativeCap(),
                    (long) scores.window(),
                    library.stream()));
        }
    }

    /// `AWL_ATTENTION_SPACE` of kernels.h for every thread; the kernel refuses less.
    private Tensor space(int[] documentStart, Tensor out_NHE, Tensor logSumExp_HN) {
        long length = padded(Documents.longest(documentStart)) + 32;
        long width = padded(out_NHE.size(1) / logSumExp_HN.size(0));
        long floats = 5 * length * width + 2 * 48 * length + 4 * 48 * width + 1024;
        return workspace
                .matrix(out_NHE, ScalarType.Float, 1, floats * torch.get_num_threads(), Float.BYTES)
                .view(-1);
    }

    private static long padded(long n) {
        return (n + 31) / 32 * 32;
    }
}
