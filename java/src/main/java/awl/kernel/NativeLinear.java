package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import java.lang.invoke.MethodHandle;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Kernels#linear] of few rows by `awl_linear_rows`, which reads each weight once for all of them.
record NativeLinear(NativeLibrary library, MethodHandle kernel) {

    /// The library's kernel, or null where it has none.
    static @Nullable NativeLinear of(NativeLibrary library, KernelHandles handles) {
        MethodHandle kernel = handles.linearRows();
        return kernel == null ? null : new NativeLinear(library, kernel);
    }

    /// Whether the kernel takes these shapes; more rows are a matrix product.
    boolean fits(Tensor x_ND, List<Tensor> weights_OD, Tensor y_NO) {
        if (x_ND.size(0) > Kernels.FEW_ROWS || x_ND.stride(1) != 1 || y_NO.stride(1) != 1) {
            return false;
        }
        ScalarType stored = Arguments.dtype(weights_OD.getFirst());
        for (Tensor weight_OD : weights_OD) {
            if (weight_OD.stride(1) != 1 || Arguments.dtype(weight_OD) != stored) {
                return false;
            }
        }
        return true;
    }

    void run(Tensor x_ND, List<Tensor> weights_OD, Tensor y_NO) {
        if (Arguments.dtype(x_ND) == ScalarType.BFloat16) {
            // The kernel computes in float32: what is read besides the weights is little.
            try (PointerScope _ = new PointerScope()) {
                Tensor wide_NO = y_NO.to(ScalarType.Float);
                rows(x_ND.to(ScalarType.Float), weights_OD, wide_NO);
                y_NO.copy_(wide_NO);
            }
        } else {
            rows(x_ND, weights_OD, y_NO);
        }
    }

    private void rows(Tensor x_ND, List<Tensor> weights_OD, Tensor y_NO) {
        library.call("linear_rows", arena -> (int) kernel.invokeExact(
                library.view(x_ND, arena),
                library.views(weights_OD, arena),
                weights_OD.size(),
                library.view(y_NO, arena),
                library.stream()));
    }
}
