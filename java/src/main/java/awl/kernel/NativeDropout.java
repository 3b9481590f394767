package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import java.lang.invoke.MethodHandle;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// [Kernels#dropout] by `awl_dropout`.
record NativeDropout(NativeLibrary library, MethodHandle kernel) {

    /// The library's kernel, or null where it has none.
    static @Nullable NativeDropout of(NativeLibrary library, KernelHandles handles) {
        MethodHandle kernel = handles.dropout();
        return kernel == null ? null : new NativeDropout(library, kernel);
    }

    void run(Tensor x_NI, Tensor key_N, double share, long place, Tensor out_NI) {
        library.call("dropout", arena -> (int) kernel.invokeExact(
                library.view(x_NI, arena),
                library.view(key_N, arena),
                library.view(out_NI, arena),
                share,
                place,
                library.stream()));
    }
}
