package awl.kernel.ffm;

import awl.ShapeException;
import awl.tensor.BlockMatrix;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemoryLayout.PathElement;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// `awl_tensor` of kernels.h, filled from a libtorch tensor. The struct lives as long as its arena, one call;
/// it holds the tensor's address and owns nothing. An address on a device is as opaque here as one on the host.
public final class TensorView {

    static final StructLayout LAYOUT = MemoryLayout.structLayout(
            ValueLayout.JAVA_LONG.withName("data"),
            MemoryLayout.sequenceLayout(4, ValueLayout.JAVA_LONG).withName("size"),
            MemoryLayout.sequenceLayout(4, ValueLayout.JAVA_LONG).withName("stride"),
            ValueLayout.JAVA_INT.withName("rank"),
            ValueLayout.JAVA_INT.withName("dtype"),
            ValueLayout.JAVA_INT.withName("device"),
            ValueLayout.JAVA_INT.withName("reserved"));

    private static final long SIZE = offset("size");
    private static final long STRIDE = offset("stride");
    private static final long RANK = offset("rank");
    private static final long DTYPE = offset("dtype");
    private static final long DEVICE = offset("device");

    /// Block dtypes of kernels.h are ggml's numbers and this.
    private static final int BLOCKS = 100;

    private TensorView() {}

    /// The view of `tensor`, or of an absent one for null.
    public static MemorySegment of(@Nullable Tensor tensor, SegmentAllocator arena) {
        return of(tensor, tensor != null && tensor.is_cuda() ? 1 : 0, arena);
    }

    /// @param device `awl_device` of kernels.h
    static MemorySegment of(@Nullable Tensor tensor, int device, SegmentAllocator arena) {
        MemorySegment view = arena.allocate(LAYOUT);
        fill(view, tensor, device);
        return view;
    }

    /// The views of several tensors as an array.
    static MemorySegment list(List<? extends @Nullable Tensor> tensors, int device, SegmentAllocator arena) {
        long size = LAYOUT.byteSize();
        MemorySegment views = arena.allocate(LAYOUT, tensors.size());
        for (int i = 0; i < tensors.size(); i++) {
            fill(views.asSlice(i * size, size), tensors.get(i), device);
        }
        return views;
    }

    private static void fill(MemorySegment view, @Nullable Tensor tensor, int device) {
        if (tensor == null) {
            view.set(ValueLayout.JAVA_INT, RANK, -1);
            return;
        }
        int rank = (int) tensor.dim();
        if (rank > 4) {
            throw new ShapeException("native kernels take tensors of rank 4 at most, got rank " + rank);
        }
        Pointer address = tensor.data_ptr();
        // A tensor without elements may have no address.
        view.set(ValueLayout.JAVA_LONG, 0, address == null ? 0 : address.address());
        for (int axis = 0; axis < rank; axis++) {
            view.set(ValueLayout.JAVA_LONG, SIZE + 8L * axis, tensor.size(axis));
            view.set(ValueLayout.JAVA_LONG, STRIDE + 8L * axis, tensor.stride(axis));
        }
        view.set(ValueLayout.JAVA_INT, RANK, rank);
        view.set(ValueLayout.JAVA_INT, DTYPE, code(tensor.scalar_type().intern()));
        view.set(ValueLayout.JAVA_INT, DEVICE, device);
    }

    /// An array of views of matrices in quantised blocks, rows in Hugging Face's order.
    static MemorySegment ofBlocks(List<BlockMatrix> matrices, SegmentAllocator arena) {
        MemorySegment views = arena.allocate(LAYOUT, matrices.size());
        for (int i = 0; i < matrices.size(); i++) {
            blocks(matrices.get(i), views.asSlice(i * LAYOUT.byteSize(), LAYOUT.byteSize()));
        }
        return views;
    }

    private static void blocks(BlockMatrix matrix, MemorySegment view) {
        long k = matrix.columns();
        long head = matrix.interleavedHead();
        if (head == 0) {
            axes(view, new long[] {matrix.rows(), k}, new long[] {k, 1});
        } else {
            axes(view, new long[] {matrix.rows() / head, 2, head / 2, k}, new long[] {head * k, k, 2 * k, 1});
        }
        view.set(ValueLayout.JAVA_LONG, 0, matrix.bytes().address());
        view.set(ValueLayout.JAVA_INT, DTYPE, BLOCKS + matrix.format());
        view.set(ValueLayout.JAVA_INT, DEVICE, 0);
    }

    private static void axes(MemorySegment view, long[] size, long[] stride) {
        for (int axis = 0; axis < size.length; axis++) {
            view.set(ValueLayout.JAVA_LONG, SIZE + 8L * axis, size[axis]);
            view.set(ValueLayout.JAVA_LONG, STRIDE + 8L * axis, stride[axis]);
        }
        view.set(ValueLayout.JAVA_INT, RANK, size.length);
    }

    private static int code(ScalarType dtype) {
        return switch (dtype) {
            case Float -> 0;
            case BFloat16 -> 1;
            case Double -> 2;
            case Long -> 3;
            default -> throw new ShapeException("native kernels do not know dtype " + dtype);
        };
    }

    private static long offset(String field) {
        return LAYOUT.byteOffset(PathElement.groupElement(field));
    }
}
