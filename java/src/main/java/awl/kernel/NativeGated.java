package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import java.lang.invoke.MethodHandle;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// [Kernels#gated] and its gradient by `awl_gated` and `awl_gated_backward`.
final class NativeGated {

    private final NativeLibrary library;
    private final MethodHandle forward;
    private final MethodHandle backward;

    private NativeGated(NativeLibrary library, MethodHandle forward, MethodHandle backward) {
        this.library = library;
        this.forward = forward;
        this.backward = backward;
    }

    /// The library's pair, or null where it does not have both.
    static @Nullable NativeGated of(NativeLibrary library, KernelHandles handles) {
        MethodHandle forward = handles.gated();
        MethodHandle backward = handles.gatedBackward();
        return forward == null || backward == null ? null : new NativeGated(library, forward, backward);
    }

    void forward(Tensor both_N2F, Activation activation, Tensor out_NF) {
        library.call("gated", arena -> (int) forward.invokeExact(
                library.view(both_N2F, arena), library.view(out_NF, arena), activation.ordinal(), library.stream()));
    }

    void backward(Tensor gradient_NF, Tensor both_N2F, Activation activation, Tensor below_N2F) {
        library.call("gated_backward", arena -> (int) backward.invokeExact(
                library.view(gradient_NF, arena),
                library.view(both_N2F, arena),
                library.view(below_N2F, arena),
                activation.ordinal(),
                library.stream()));
    }
}
