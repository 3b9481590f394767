package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.tensor.MatrixProduct;
import java.lang.invoke.MethodHandle;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Kernels#matrixProduct] by `awl_matrix_product`, for float32 and bfloat16, and in host memory
/// [Kernels#lowRankProduct] by `awl_low_rank_product`. There two bfloat16 operands
/// are multiplied as they are where the processor can (AVX512-BF16), and widened on their way into the kernel where
/// not; sums are float32 and a result is rounded once. On a device the product is cuBLASLt's, with operands as
/// [CudaProduct] has them.
///
/// In host memory it runs on the threads of our kernels, which sleep early. libtorch's product goes to OpenBLAS,
/// whose threads wait for work by spinning, on the core that a kernel needs next.
final class NativeMatrixProduct implements MatrixProduct {

    /// `AWL_PRODUCT_SPACE` and `AWL_PRODUCT_SPACE_THREAD` of kernels.h; the kernel refuses less.
    private static final long SPACE = 1 << 20;

    private static final long SPACE_OF_THREAD = 144 * (320 + 512);

    /// `AWL_PRODUCT_HALF_DEPTH`: behind a longer inner axis the kernel does not round, and it is done here.
    private static final long HALF_DEPTH = 1600;

    /// `AWL_PRODUCT_DEPTH`: pairs of higher rank are products of their own.
    private static final long MOST_RANK = 320;

    /// 32 MiB, as much as NVIDIA advises for cuBLAS on Hopper.
    private static final long DEVICE_SPACE = 8 << 20;

    private final NativeLibrary library;
    private final MethodHandle kernel;
    private final @Nullable MethodHandle pairKernel;
    private final boolean cuda;
    private final Workspace workspace = new Workspace();
    /// A bfloat16 result before it is rounded.
    private final Workspace wide = new Workspace();

    private NativeMatrixProduct(NativeLibrary library, MethodHandle kernel, @Nullable MethodHandle pairKernel) {
        this.library = library;
        this.kernel = kernel;
        this.pairKernel = pairKernel;
        this.cuda = library.backend().equals("cuda");
    }

    /// The library's product, or null where it has none.
    static @Nullable NativeMatrixProduct of(NativeLibrary library, KernelHandles handles) {
        MethodHandle kernel = handles.matrixProduct();
        return kernel == null ? null : new NativeMatrixProduct(library, kernel, handles.lowRankProduct());
    }

    void releaseWorkspace() {
        workspace.close();
        wide.close();
    }

    boolean takes(Tensor left, Tensor right, Tensor out) {
        return library.takes(out)
                && library.takes(left)
                && library.takes(right)
                && isNarrow(left)
                && isNarrow(right)
                && isNarrow(out)
                && out.dim() == 2
                && out.stride(1) == 1
                && isMatrix(left)
                && isMatrix(right);
    }

    /// Whether a pair goes into the product beside it.
    boolean takesPair(Tensor left, Tensor low, Tensor up, Tensor out) {
        return pairKernel != null
                && takes(low, up, out)
                && low.size(1) <= MOST_RANK
                && (Arguments.dtype(out) == ScalarType.Float || left.size(1) <= HALF_DEPTH);
    }

    /// Whether operands of these dtypes are multiplied exactly: on a device those of two dtypes are not.
    boolean widens(Tensor left, Tensor right) {
        return !cuda || Arguments.dtype(left) == Arguments.dtype(right);
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
        if (cuda) {
            ScalarType operands =
                    CudaProduct.operands(Arguments.dtype(left), Arguments.dtype(right), Arguments.dtype(out));
            try (PointerScope _ = new PointerScope()) {
                run(left.to(operands), right.to(operands), scale, add, out);
            }
            return;
        }
        if (Arguments.dtype(out) == ScalarType.Float || left.size(1) <= HALF_DEPTH) {
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

    /// With a pair that [#takesPair] has taken.
    void multiply(Tensor left, Tensor right, Tensor low, Tensor up, boolean add, Tensor out) {
        MethodHandle both = Objects.requireNonNull(pairKernel);
        try (PointerScope _ = new PointerScope()) {
            Tensor space = space(out);
            library.call("low_rank_product", arena -> (int) both.invokeExact(
                    library.view(left, arena),
                    library.view(right, arena),
                    library.view(low, arena),
                    library.view(up, arena),
                    library.view(out, arena),
                    library.view(space, arena),
                    add ? 1 : 0,
                    library.stream()));
        }
    }

    private void run(Tensor left, Tensor right, double scale, boolean add, Tensor out) {
        try (PointerScope _ = new PointerScope()) {
            Tensor space = space(out);
            library.call("matrix_product", arena -> (int) kernel.invokeExact(
                    library.view(left, arena),
                    library.view(right, arena),
                    library.view(out, arena),
                    library.view(space, arena),
                    scale,
                    add ? 1 : 0,
                    library.stream()));
        }
    }

    private Tensor space(Tensor out) {
        long floats = cuda ? DEVICE_SPACE : SPACE + torch.get_num_threads() * SPACE_OF_THREAD;
        return workspace.matrix(out, ScalarType.Float, 1, floats, Float.BYTES).view(-1);
    }
}
