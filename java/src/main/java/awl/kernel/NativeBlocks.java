package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.tensor.BlockMatrix;
import awl.tensor.Tensors;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// [Kernels#linearBlocks] by `awl_linear_blocks`, and by `awl_dequantize` what needs the matrix as float32.
final class NativeBlocks {

    /// `enum awl_block_dtype` of kernels.h, as ggml numbers the formats.
    private static final Set<Integer> FORMATS = Set.of(1, 2, 3, 6, 7, 8, 12, 13, 14, 30);

    private final NativeLibrary library;
    private final MethodHandle linear;
    private final MethodHandle dequantize;
    private final Workspace decoded = new Workspace();

    private NativeBlocks(NativeLibrary library, MethodHandle linear, MethodHandle dequantize) {
        this.library = library;
        this.linear = linear;
        this.dequantize = dequantize;
    }

    /// The library's pair, or null where it does not have both.
    static @Nullable NativeBlocks of(NativeLibrary library, KernelHandles handles) {
        MethodHandle linear = handles.linearBlocks();
        MethodHandle dequantize = handles.dequantize();
        return linear == null || dequantize == null ? null : new NativeBlocks(library, linear, dequantize);
    }

    void releaseWorkspace() {
        decoded.close();
    }

    boolean takes(BlockMatrix weight) {
        return FORMATS.contains(weight.format());
    }

    void linear(Tensor x_ND, List<BlockMatrix> weights, Tensor y_NO) {
        library.call("linear_blocks", arena -> (int) linear.invokeExact(
                library.view(x_ND, arena),
                library.blocks(weights, arena),
                weights.size(),
                library.view(y_NO, arena),
                library.stream()));
    }

    /// The matrix as float32 in memory that the next call uses again; the view belongs to the caller's pointer
    /// scope.
    ///
    /// @param like on the device
    Tensor decoded(BlockMatrix weight, Tensor like) {
        Tensor out = decoded.matrix(like, ScalarType.Float, weight.rows(), weight.columns(), Float.BYTES);
        into(weight, out);
        return out;
    }

    /// The matrix as a new tensor.
    Tensor dequantized(BlockMatrix weight) {
        Tensor out = Tensors.empty(ScalarType.Float, weight.rows(), weight.columns());
        into(weight, out);
        return out;
    }

    private void into(BlockMatrix weight, Tensor out_OD) {
        library.call("dequantize", arena -> (int) dequantize.invokeExact(
                library.blocks(List.of(weight), arena), library.view(out_OD, arena), library.stream()));
    }
}
