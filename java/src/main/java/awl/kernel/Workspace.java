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

    private @Nullable Tensor bytes_;
    private long capacity;
    private DeviceHandle device = DeviceHandle.CPU;

    /// Uninitialised [rows, columns] on the device of `like`, valid until the next call; the view belongs to
    /// the caller's pointer scope.
    Tensor matrix(Tensor like, ScalarType dtype, long rows, long columns, int elementBytes) {
        long needed = Math.max(1, rows * columns * elementBytes);
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
        return bytes_.narrow(0, 0, rows * columns * elementBytes).view(dtype).view(rows, columns);
    }

    @Override
    public void close() {
        if (bytes_ != null) {
            bytes_.releaseReference();
            bytes_ = null;
            capacity = 0;
        }
    }
}
