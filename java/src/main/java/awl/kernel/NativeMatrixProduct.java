package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.kernel.ffm.TensorView;
import awl.tensor.MatrixProduct;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Kernels#matrixProduct] by `awl_matrix_product`, for float32 and bfloat16 in host memory. bfloat16 is how
/// numbers are stored: they are widened on their way into the kernel, and a result is rounded once.
///
/// It runs on libtorch's own OpenMP threads. libtorch's product goes to OpenBLAS, which has threads of its own: the two
/// pools wait for work by spinning, each on the core the other one needs.
final class NativeMatrixProduct implements MatrixProduct {

    /// `AWL_PRODUCT_SPACE` and `AWL_PRODUCT_SPACE_THREAD` of kernels.h; the kernel refuses less.
    private static final long SPACE = 1 << 20;

    private static final long SPACE_OF_THREAD = 320 * 144;

    private final NativeLibrary library;
    private final MethodHandle kernel;
    private final Workspace workspace = new Workspace();
    /// A bfloat16 result before it is rounded.
    private final Workspace wide = new Workspace();

    private NativeMatrixProduct(NativeLibrary library, MethodHandle kernel) {
        this.library = library;
        this.kernel = kernel;
    }

    /// The library's product, or null where it has none.
    static @Nullable NativeMatrixProduct of(NativeLibrary library, KernelHandles handles) {
        MethodHandle kernel = handles.matrixProduct();
        return kernel == null ? null : new NativeMatrixProduct(library, kernel);
    }

    void releaseWorkspace() {
        workspace.close();
        wide.close();
    }

    boolean takes(Tensor left, Tensor right, Tensor out) {
        return out.is_cpu()
                && left.is_cpu()
                && right.is_cpu()
                && isNarrow(left)
                && isNarrow(right)
                && isNarrow(out)
                && out.dim() == 2
                && out.stride(1) == 1
                && isMatrix(left)
                && isMatrix(right);
    }

    private static boolean isNarrow(Tensor tensor) {
        ScalarType dtype = Arguments.dtype(tensor);
        return dtype == ScalarType.Float || dtype == ScalarType.BFloat16;
    }

    /// Or the transpose of one.
    private static boolean isMatrix(Tensor tensor) {
        return tensor.dim() == 2 && (tensor.stride(1) == 1 || tensor.stride(0) == 1);
    }

    @Override
    public void multiply(Tensor left, Tensor right, double scale, boolean add, Tensor out) {
        if (Arguments.dtype(out) == ScalarType.Float) {
            run(left, right, scale, add, out);
            return;
        }
        try (PointerScope _ = new PointerScope()) {
            Tensor sums = wide.matrix(out, ScalarType.Float, out.size(0), out.size(1), Float.BYTES);
            if (add) {
                sums.copy_(out);
            }
            run(left, right, scale, add, sums);
            out.copy_(sums);
        }
    }

    private void run(Tensor left, Tensor right, double scale, boolean add, Tensor out) {
        int threads = torch.get_num_threads();
        try (PointerScope _ = new PointerScope()) {
            Tensor space = workspace
                    .matrix(out, ScalarType.Float, 1, SPACE + threads * SPACE_OF_THREAD, Float.BYTES)
                    .view(-1);
            library.call("matrix_product", arena -> (int) kernel.invokeExact(
                    TensorView.of(left, arena),
                    TensorView.of(right, arena),
                    TensorView.of(out, arena),
                    TensorView.of(space, arena),
                    scale,
                    add ? 1 : 0,
                    MemorySegment.NULL));
        }
    }
}
