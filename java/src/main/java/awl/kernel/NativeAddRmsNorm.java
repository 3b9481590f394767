package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// [Kernels#addRmsNorm] and its gradient by `awl_add_rms_norm` and `awl_add_rms_norm_backward`.
record NativeAddRmsNorm(NativeLibrary library, MethodHandle forward, MethodHandle backward) {

    /// The library's pair, or null where it does not have both.
    static @Nullable NativeAddRmsNorm of(NativeLibrary library, KernelHandles handles) {
        MethodHandle forward = handles.addRmsNorm();
        MethodHandle backward = handles.addRmsNormBackward();
        return forward == null || backward == null ? null : new NativeAddRmsNorm(library, forward, backward);
    }

    void run(
            Tensor x_ND,
            Tensor branch_ND,
            Tensor weight_D,
            double epsilon,
            boolean onePlusWeight,
            Tensor sum_ND,
            Tensor y_ND,
            Tensor inverseRms_N) {
        library.call("add_rms_norm", arena -> (int) forward.invokeExact(
                library.view(x_ND, arena),
                library.view(branch_ND, arena),
                library.view(weight_D, arena),
                library.view(sum_ND, arena),
                library.view(y_ND, arena),
                library.view(inverseRms_N, arena),
                epsilon,
                onePlusWeight ? 1.0 : 0.0,
                library.stream()));
    }

    void runBackward(
            Tensor outputGradient_ND,
            Tensor sumGradient_ND,
            Tensor sum_ND,
            Tensor weight_D,
            Tensor inverseRms_N,
            boolean onePlusWeight,
            Tensor inputGradient_ND,
            @Nullable Tensor weightGradient_D) {
        try (PointerScope _ = new PointerScope()) {
            Tensor workspace = weightGradient_D == null ? null : NativeRmsNorm.weightGradientSpace(sum_ND);
            library.call("add_rms_norm_backward", arena -> (int) backward.invokeExact(
                    library.view(outputGradient_ND, arena),
                    library.view(sumGradient_ND, arena),
                    library.view(sum_ND, arena),
                    library.view(weight_D, arena),
                    library.view(inverseRms_N, arena),
                    library.view(inputGradient_ND, arena),
                    library.view(weightGradient_D, arena),
                    library.view(workspace, arena),
                    onePlusWeight ? 1.0 : 0.0,
                    library.stream()));
        }
    }
}
