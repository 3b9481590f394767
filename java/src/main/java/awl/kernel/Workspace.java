package awl.kernel;

import awl.tensor.DeviceHandle;
import awl.tensor.Tensors;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// One buffer that grows to the largest request and is kept between calls: fresh memory of this size comes page
/// by page from the kernel and its first touch costs more than the work done in it.
final class Workspace implements AutoCloseable {

    private static final long LINE_BYTES = 64;

    private @Nullable Tensor bytes_;
    private long capacity;
    private long uses;
    private DeviceHandle device = DeviceHandle.CPU;

    /// Uninitialised [rows, columns] on the device of `like`, valid until the next call; the view belongs to
    /// the caller's pointer scope.
    Tensor matrix(Tensor like, ScalarType dtype, long rows, long columns, int elementBytes) {
        return of(like, dtype, rows, columns, columns, elementBytes);
    }

    /// As [#matrix], with rows that begin on cache lines, in host memory an odd number of them apart. A vocabulary is
    /// often a multiple of a power of two: the tile of a product, or a column of 256 rows, would share one set of
    /// a cache (3 % of the loss head's products). An odd one would leave a device's products with unaligned rows.
    Tensor spread(Tensor like, ScalarType dtype, long rows, long columns, int elementBytes) {
        long lines = Math.ceilDiv(columns * elementBytes, LINE_BYTES);
        long apart = DeviceHandle.of(like).isCuda() ? lines : lines | 1;
        return of(like, dtype, rows, apart * LINE_BYTES / elementBytes, columns, elementBytes);
    }

    /// How often memory was asked for or given back: whoever finds the number of its own turn finds what it left.
    long uses() {
        return uses;
    }

    private Tensor of(Tensor like, ScalarType dtype, long rows, long row, long columns, int elementBytes) {
        uses++;
        long needed = Math.max(1, rows * row * elementBytes);
        DeviceHandle here = DeviceHandle.of(like);
        if (bytes_ == null || capacity < needed || !device.equals(here)) {
            close();
            try (PointerScope _ = new PointerScope()) {
                Tensor fresh = Tensors.beside(like, ScalarType.Byte, needed);
                fresh.retainReference();
                bytes_ = fresh;
            }
            capacity = needed;
            device = here;
        }
        Tensor all = bytes_.narrow(0, 0, rows * row * elementBytes).view(dtype).view(rows, row);
        return row == columns ? all : all.narrow(1, 0, columns);
    }

    @Override
    public void close() {
        uses++;
        if (bytes_ != null) {
            bytes_.releaseReference();
            bytes_ = null;
            capacity = 0;
        }
    }
}
