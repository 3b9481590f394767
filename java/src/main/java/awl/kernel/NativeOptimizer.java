package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.tensor.Tensors;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Kernels#adamW], [Kernels#squaredNorm] and [Kernels#embeddingBackward] by `awl_adamw`, `awl_squared_norm` and
/// `awl_embedding_backward`: all tensors in one call.
final class NativeOptimizer {

    /// `AWL_NORM_PIECE` of kernels.h; the kernel refuses a smaller workspace.
    private static final long NORM_PIECE = 65536;

    private final NativeLibrary library;
    private final MethodHandle adamW;
    private final MethodHandle squaredNorm;
    private final MethodHandle embeddingBackward;

    private NativeOptimizer(
            NativeLibrary library, MethodHandle adamW, MethodHandle squaredNorm, MethodHandle embeddingBackward) {
        this.library = library;
        this.adamW = adamW;
        this.squaredNorm = squaredNorm;
        this.embeddingBackward = embeddingBackward;
    }

    /// The library's three kernels, or null where it does not have all.
    static @Nullable NativeOptimizer of(NativeLibrary library, KernelHandles handles) {
        MethodHandle adamW = handles.adamW();
        MethodHandle squaredNorm = handles.squaredNorm();
        MethodHandle embeddingBackward = handles.embeddingBackward();
        return adamW == null || squaredNorm == null || embeddingBackward == null
                ? null
                : new NativeOptimizer(library, adamW, squaredNorm, embeddingBackward);
    }

    boolean takes(Tensor tensor) {
        return Arguments.dtype(tensor) != ScalarType.Double && library.takes(tensor);
    }

    void adamW(List<AdamWTensors> tensors, AdamWStep step, Tensor divisor, Tensor skip) {
        List<@Nullable Tensor> views = new ArrayList<>(5 * tensors.size());
        for (AdamWTensors each : tensors) {
            views.add(each.value());
            views.add(each.gradient());
            views.add(each.first());
            views.add(each.second());
            views.add(each.rounded());
        }
        double[] decay = tensors.stream().mapToDouble(AdamWTensors::decay).toArray();
        library.call("adamw", arena -> (int) adamW.invokeExact(
                library.views(views, arena),
                arena.allocateFrom(ValueLayout.JAVA_DOUBLE, decay),
                (long) tensors.size(),
                library.view(divisor, arena),
                library.view(skip, arena),
                step.rate(),
                step.beta1(),
                step.beta2(),
                step.epsilon(),
                step.correction1(),
                step.correction2(),
                step.number(),
                library.stream()));
    }

    /// @param out 0-d fp64, written
    void squaredNorm(List<Tensor> tensors, Tensor out) {
        long pieces = 0;
        for (Tensor each : tensors) {
            pieces += Math.ceilDiv(each.numel(), NORM_PIECE);
        }
        try (PointerScope _ = new PointerScope()) {
            Tensor workspace = Tensors.beside(out, ScalarType.Double, pieces);
            library.call("squared_norm", arena -> (int) squaredNorm.invokeExact(
                    library.views(tensors, arena),
                    (long) tensors.size(),
                    library.view(workspace, arena),
                    library.view(out, arena),
                    library.stream()));
        }
    }

    void embeddingBackward(Tensor gradient_ND, Tensor tokens_N, double scale, Tensor table_VD) {
        library.call("embedding_backward", arena -> (int) embeddingBackward.invokeExact(
                library.view(gradient_ND, arena),
                library.view(tokens_N, arena),
                library.view(table_VD, arena),
                scale,
                library.stream()));
    }
}
