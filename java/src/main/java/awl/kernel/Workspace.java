package awl.kernel;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// One buffer that grows to the largest request and is kept between calls: fresh memory of this size comes page
/// by page from the kernel and its first touch costs more than the work done in it.
final class Workspace implements AutoCloseable {

    private @Nullable Tensor bytes_;
    private long capacity;
    private boolean onCuda;

    /// Uninitialised [rows, columns] on the device of `like`, valid until the next call; the view belongs to
    /// the caller's pointer scope.
    Tensor matrix(Tensor like, ScalarType dtype, long rows, long columns, int elementBytes) {
        long needed = Math.max(1, rows * columns * elementBytes);
        if (bytes_ == null || capacity < needed || onCuda != like.is_cuda()) {
            close();
            try (PointerScope _ = new PointerScope()) {
                Tensor fresh = torch.empty(
                        new long[] {needed},
                        new TensorOptions(ScalarType.Byte).device(like.options().device_opt()),
                        new MemoryFormatOptional());
                fresh.retainReference();
                bytes_ = fresh;
            }
            capacity = needed;
            onCuda = like.is_cuda();
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
