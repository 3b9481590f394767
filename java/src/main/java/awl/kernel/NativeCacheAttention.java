package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import java.lang.invoke.MethodHandle;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// [Kernels#cacheAttention] by `awl_cache_attention`.
record NativeCacheAttention(NativeLibrary library, MethodHandle kernel) {

    /// Head width up to which the kernel has room for its sums.
    private static final long WIDEST_HEAD = 512;

    /// The library's kernel, or null where it has none.
    static @Nullable NativeCacheAttention of(NativeLibrary library, KernelHandles handles) {
        MethodHandle kernel = handles.cacheAttention();
        return kernel == null ? null : new NativeCacheAttention(library, kernel);
    }

    /// Whether heads are narrow enough.
    static boolean fits(Tensor keys_SKCE) {
        return keys_SKCE.size(3) <= WIDEST_HEAD;
    }

    void run(
            Tensor projected_NW,
            Tensor cosine_NR,
            Tensor sine_NR,
            Tensor keys_SKCE,
            Tensor values_SKCE,
            Tensor slot_N,
            Tensor position_N,
            AttentionScores scores,
            Tensor out_NHE) {
        library.call("cache_attention", arena -> (int) kernel.invokeExact(
                library.view(projected_NW, arena),
                library.view(cosine_NR, arena),
                library.view(sine_NR, arena),
                library.view(keys_SKCE, arena),
                library.view(values_SKCE, arena),
                library.view(slot_N, arena),
                library.view(position_N, arena),
                library.view(out_NHE, arena),
                scores.scale(),
                scores.nativeCap(),
                (long) scores.window(),
                library.stream()));
    }
}
