package awl.train;

import awl.CheckpointException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/// Reads a file in large blocks ahead of who asks for them, past the page cache where the file system allows it.
/// Fastest from front to end, when the checksum comes with the bytes; any other order gives the same ones.
final class BlockReader implements AutoCloseable {

    private static final int AHEAD = 3;
    private static final CompletableFuture<?> DONE = CompletableFuture.completedFuture(null);

    private final Path file;
    private final FileChannel plain;
    private final long size;
    private final StagingMemory staging;
    private final long[] held;
    private final CompletableFuture<?>[] read;
    private final CompletableFuture<?>[] used;
    private final ExecutorService threads;
    private final @Nullable FileChannel direct;
    private final CRC32C sum = new CRC32C();
    private long summed;
    private volatile boolean refused;

    BlockReader(Path file) throws IOException {
        this.file = file;
        plain = FileChannel.open(file);
        size = plain.size();
        direct = DirectChannel.open(file, StandardOpenOption.READ);
        staging = new StagingMemory(size);
        held = new long[staging.count()];
        Arrays.fill(held, -1);
        read = new CompletableFuture<?>[staging.count()];
        used = new CompletableFuture<?>[staging.count()];
        Arrays.fill(used, DONE);
        threads = Executors.newFixedThreadPool(
                AHEAD, Thread.ofPlatform().daemon().name("awl-read-ahead").factory());
    }

    Path file() {
        return file;
    }

    long size() {
        return size;
    }

    /// CRC32C of the whole file. What was read from front to end is in it already, as it was handed out.
    long checksum() throws IOException {
        while (summed * staging.blockBytes() < size) {
            block(summed);
        }
        return sum.getValue();
    }

    /// Fills a buffer with what stands at a position.
    ///
    /// @throws CheckpointException where the file ends before
    void read(long position, ByteBuffer into) throws IOException {
        begin(position, into);
        settle();
    }

    /// Fills a buffer until [#settle], on other threads: memory that nobody has touched yet is slow to write to.
    ///
    /// @throws CheckpointException where the file ends before
    void begin(long position, ByteBuffer into) throws IOException {
        long at = position;
        while (into.hasRemaining()) {
            ByteBuffer block = block(at / staging.blockBytes());
            int from = (int) (at % staging.blockBytes());
            int count = Math.min(into.remaining(), block.limit() - from);
            if (count <= 0) {
                throw new CheckpointException(file + ": ends too early; the file is damaged");
            }
            ByteBuffer source = block.slice(from, count);
            ByteBuffer target = into.slice(into.position(), count);
            into.position(into.position() + count);
            int slot = slot(at / staging.blockBytes());
            used[slot] =
                    CompletableFuture.allOf(used[slot], CompletableFuture.runAsync(() -> target.put(source), threads));
            at += count;
        }
    }

    /// Returns when all that was begun is done.
    void settle() throws IOException {
        for (CompletableFuture<?> each : used) {
            StagingMemory.await(each);
        }
    }

    private int slot(long index) {
        return (int) (index % staging.count());
    }

    /// A view, valid until the next call unless its slot is in use.
    private ByteBuffer block(long index) throws IOException {
        for (int ahead = 0; ahead <= AHEAD; ahead++) {
            start(index + ahead);
        }
        int slot = slot(index);
        StagingMemory.await(read[slot]);
        ByteBuffer block = staging.block(slot).duplicate().flip();
        if (index == summed) {
            sum.update(block.duplicate());
            summed++;
        }
        return block;
    }

    private void start(long index) throws IOException {
        int slot = slot(index);
        if (held[slot] == index) {
            return;
        }
        StagingMemory.await(read[slot]);
        StagingMemory.await(used[slot]);
        used[slot] = DONE;
        held[slot] = index;
        ByteBuffer block = staging.block(slot).clear();
        long at = index * staging.blockBytes();
        read[slot] = at >= size ? null : CompletableFuture.runAsync(() -> fill(block, at), threads);
    }

    private void fill(ByteBuffer block, long at) {
        try {
            fillDirectly(block, at);
            while (block.hasRemaining() && plain.read(block, at + block.position()) >= 0) {}
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void fillDirectly(ByteBuffer block, long at) {
        FileChannel channel = refused ? null : direct;
        try {
            // Behind a piece that ends anywhere only the plain channel can go on; mostly it is the file's end.
            while (channel != null
                    && block.hasRemaining()
                    && block.position() % DirectChannel.ALIGNMENT == 0
                    && channel.read(block, at + block.position()) > 0) {}
        } catch (IOException e) {
            refused = true; // what is wrong with the file is said by the plain one
        }
    }

    @Override
    public void close() {
        threads.close();
        staging.close();
        try (FileChannel last = plain;
                FileChannel other = direct) {
            // Only read: there is nothing that could not be written.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
