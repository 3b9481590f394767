package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.tensor.Tensors;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Kernels#rmsNorm] and its gradient by `awl_rms_norm` and `awl_rms_norm_backward`.
record NativeRmsNorm(NativeLibrary library, MethodHandle forward, MethodHandle backward) {

    /// Blocks of rows whose weight gradients are summed apart and then in order, and rows a block
    /// should have at least.
    private static final long MOST_BLOCKS = 64;

    private static final long ROWS_OF_BLOCK = 16;

    /// The library's pair, or null where it does not have both.
    static @Nullable NativeRmsNorm of(NativeLibrary library, KernelHandles handles) {
        MethodHandle forward = handles.rmsNorm();
        MethodHandle backward = handles.rmsNormBackward();
        return forward == null || backward == null ? null : new NativeRmsNorm(library, forward, backward);
    }

    void run(Tensor x_ND, Tensor weight_D, double epsilon, boolean onePlusWeight, Tensor y_ND, Tensor inverseRms_N) {
        library.call("rms_norm", arena -> (int) forward.invokeExact(
                library.view(x_ND, arena),
                library.view(weight_D, arena),
                library.view(y_ND, arena),
                library.view(inverseRms_N, arena),
                epsilon,
                onePlusWeight ? 1.0 : 0.0,
                library.stream()));
    }

    void runBackward(
            Tensor outputGradient_ND,
            Tensor x_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            boolean onePlusWeight,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D) {
        try (PointerScope _ = new PointerScope()) {
            Tensor workspace = weightGradient_D == null ? null : weightGradientSpace(x_ND);
            library.call("rms_norm_backward", arena -> (int) backward.invokeExact(
                    library.view(outputGradient_ND, arena),
                    library.view(x_ND, arena),
                    library.view(weight_D, arena),
                    library.view(inverseRms_N, arena),
                    library.view(inputGradient_ND, arena),
                    library.view(weightGradient_D, arena),
                    library.view(workspace, arena),
                    onePlusWeight ? 1.0 : 0.0,
                    library.stream()));
        }
    }

    /// Room for the sums of blocks of rows, beside `x`. Their number is a function of the shape alone,
    /// so that sums are the same on any number of threads.
    static Tensor weightGradientSpace(Tensor x_ND) {
        long blocks = Math.clamp(x_ND.size(0) / ROWS_OF_BLOCK, 1, MOST_BLOCKS);
        return Tensors.beside(x_ND, ScalarType.Float, blocks, x_ND.size(1));
    }
}
