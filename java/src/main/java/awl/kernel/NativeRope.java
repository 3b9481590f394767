package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.kernel.ffm.TensorView;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// [Kernels#rope] by `awl_rope`.
record NativeRope(NativeLibrary library, MethodHandle kernel) {

    /// The library's kernel, or null where it has none.
    static @Nullable NativeRope of(NativeLibrary library, KernelHandles handles) {
        MethodHandle kernel = handles.rope();
        return kernel == null ? null : new NativeRope(library, kernel);
    }

    void rotate(Tensor x_NHE, Tensor cosine_NR, Tensor sine_NR, boolean back) {
        library.call("rope", arena -> (int) kernel.invokeExact(
                TensorView.of(x_NHE, arena),
                TensorView.of(cosine_NR, arena),
                TensorView.of(sine_NR, arena),
                back ? -1.0 : 1.0,
                MemorySegment.NULL));
    }
}
