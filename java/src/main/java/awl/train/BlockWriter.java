package awl.train;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Writes a new file from front to end in large blocks, past the page cache where the file system allows it. One
/// thread gathers and sums the next block while another waits for the disk.
final class BlockWriter implements AutoCloseable {

    private final FileChannel plain;
    private final StagingMemory staging;
    private final CompletableFuture<?>[] written;
    private final ExecutorService disk = Executors.newSingleThreadExecutor(
            Thread.ofPlatform().daemon().name("awl-checkpoint-disk").factory());
    private final CRC32C sum = new CRC32C();
    private final @Nullable FileChannel direct;
    private boolean refused; // of the disk's thread
    private int filling;
    private long position;

    /// @param file is made by this
    /// @param bytes how many it will have, at least about
    BlockWriter(Path file, long bytes) throws IOException {
        plain = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        direct = DirectChannel.open(file, StandardOpenOption.WRITE);
        staging = new StagingMemory(bytes);
        written = new CompletableFuture<?>[staging.count()];
    }

    void put(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            ByteBuffer block = staging.block(filling);
            int count = Math.min(bytes.remaining(), block.remaining());
            block.put(bytes.slice(bytes.position(), count));
            bytes.position(bytes.position() + count);
            if (!block.hasRemaining()) {
                handOver();
            }
        }
    }

    /// Forces all of it to disk.
    ///
    /// @return CRC32C of the whole file
    long finish() throws IOException {
        handOver();
        for (CompletableFuture<?> each : written) {
            StagingMemory.await(each);
        }
        plain.force(true);
        return sum.getValue();
    }

    private void handOver() throws IOException {
        ByteBuffer block = staging.block(filling).flip();
        sum.update(block.duplicate());
        long at = position;
        position += block.limit();
        written[filling] = CompletableFuture.runAsync(() -> write(block, at), disk);
        filling = (filling + 1) % staging.count();
        StagingMemory.await(written[filling]);
        staging.block(filling).clear();
    }

    private void write(ByteBuffer block, long at) {
        try {
            int end = block.limit();
            block.limit(end - end % DirectChannel.ALIGNMENT);
            writeDirectly(block, at);
            block.limit(end); // the file's end, or what could not be written directly
            while (block.hasRemaining()) {
                plain.write(block, at + block.position());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void writeDirectly(ByteBuffer block, long at) {
        FileChannel channel = refused ? null : direct;
        try {
            while (channel != null && block.hasRemaining()) {
                channel.write(block, at + block.position());
            }
        } catch (IOException e) {
            // Not every file system that opens a file for it can do it. A full disk says so again when asked plainly.
            refused = true;
        }
    }

    @Override
    public void close() throws IOException {
        disk.close(); // nothing is written from the blocks any more
        staging.close();
        try (FileChannel last = plain;
                FileChannel other = direct) {}
    }
}
