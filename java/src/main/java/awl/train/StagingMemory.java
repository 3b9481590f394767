package awl.train;

import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A few blocks of host memory between a file and tensors that lie anywhere, aligned as direct reads and writes want
/// it. Freed by [#close], not by the garbage collector.
final class StagingMemory implements AutoCloseable {

    private static final int LARGEST = 1 << 24;
    private static final int COUNT = 4; // one more than is read ahead

    private final Tensor memory;
    private final List<ByteBuffer> blocks = new ArrayList<>();
    private final int blockBytes;

    /// @param fileBytes blocks need not be larger than the file
    StagingMemory(long fileBytes) {
        int alignment = DirectChannel.ALIGNMENT;
        blockBytes = (int) Math.min(LARGEST, (fileBytes / alignment + 1) * alignment);
        try (TensorScope scope = TensorScope.open()) {
            memory = Tensors.empty(ScalarType.Byte, (long) COUNT * blockBytes + alignment);
            memory.retainReference();
        }
        long first = Math.floorMod(-address(), alignment);
        for (int i = 0; i < COUNT; i++) {
            blocks.add(window(memory, first + (long) i * blockBytes, blockBytes));
        }
    }

    private long address() {
        try (BytePointer pointer = new BytePointer(memory.data_ptr())) {
            return pointer.address();
        }
    }

    /// The memory of a contiguous tensor on the host, valid as long as the tensor is.
    static ByteBuffer window(Tensor host, long at, int bytes) {
        try (BytePointer all = new BytePointer(host.data_ptr());
                BytePointer from = all.getPointer(at)) { // a position above 2 GiB would not fit a buffer
            return from.limit(bytes).asByteBuffer();
        }
    }

    /// Waits until the disk is done with a block.
    ///
    /// @param use of the block, or null where it has none yet
    /// @throws IOException what the disk said, as work on its thread wraps it in an [UncheckedIOException]
    static void await(@Nullable CompletableFuture<?> use) throws IOException {
        try {
            if (use != null) {
                use.join();
            }
        } catch (CompletionException e) {
            throw e.getCause() instanceof UncheckedIOException io ? io.getCause() : new IOException(e.getCause());
        }
    }

    int count() {
        return blocks.size();
    }

    int blockBytes() {
        return blockBytes;
    }

    ByteBuffer block(int index) {
        return blocks.get(index);
    }

    @Override
    public void close() {
        memory.close();
    }
}
