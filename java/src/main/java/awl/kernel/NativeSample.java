package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import java.lang.invoke.MethodHandle;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// [Kernels#sample] by `awl_sample`.
record NativeSample(NativeLibrary library, MethodHandle kernel) {

    /// The library's kernel, or null where it has none.
    static @Nullable NativeSample of(NativeLibrary library, KernelHandles handles) {
        MethodHandle kernel = handles.sample();
        return kernel == null ? null : new NativeSample(library, kernel);
    }

    void run(Tensor logits_BV, Tensor settings_B4, Tensor uniform_B, Tensor id_B, Tensor logProb_B) {
        library.call("sample", arena -> (int) kernel.invokeExact(
                library.view(logits_BV, arena),
                library.view(settings_B4, arena),
                library.view(uniform_B, arena),
                library.view(id_B, arena),
                library.view(logProb_B, arena),
                library.stream()));
    }
}
