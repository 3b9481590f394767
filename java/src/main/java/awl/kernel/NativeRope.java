package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
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
                library.view(x_NHE, arena),
                library.view(cosine_NR, arena),
                library.view(sine_NR, arena),
                back ? -1.0 : 1.0,
                library.stream()));
    }
}
