package awl.track;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.function.Predicate;
import java.util.zip.CRC32C;

/// A file of records in TensorFlow's framing: length (8 bytes), its checksum (4), data, its checksum (4),
/// little endian. A checksum is CRC32C, turned by 15 bits and moved by a constant, so that a checksum of
/// checksums is no special case.
final class RecordFile implements Closeable {

    private static final int MASK_DELTA = 0xa282ead8;
    private static final int BEFORE = Long.BYTES + Integer.BYTES;

    private final FileChannel file;

    private RecordFile(FileChannel file) {
        this.file = file;
    }

    static RecordFile create(Path path) throws IOException {
        return new RecordFile(FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    }

    /// Appends one record.
    void append(byte[] data) throws IOException {
        ByteBuffer record =
                ByteBuffer.allocate(BEFORE + data.length + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        record.putLong(data.length);
        record.putInt(checksum(record.array(), 0, Long.BYTES));
        record.put(data).putInt(checksum(data, 0, data.length)).flip();
        while (record.hasRemaining()) {
            file.write(record);
        }
    }

    void force() throws IOException {
        file.force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /// Cuts a file off before the first record that is damaged or not wanted.
    ///
    /// @return bytes that are left
    static long keepWhile(Path path, Predicate<byte[]> wanted) throws IOException {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long end = 0;
            byte[] data;
            while ((data = read(file, end)) != null && wanted.test(data)) {
                end += BEFORE + data.length + Integer.BYTES;
            }
            if (end < file.size()) {
                file.truncate(end);
                file.force(true);
            }
            return end;
        }
    }

    private static byte @org.jspecify.annotations.Nullable [] read(FileChannel file, long at) throws IOException {
        ByteBuffer head = ByteBuffer.allocate(BEFORE).order(ByteOrder.LITTLE_ENDIAN);
        if (!fill(file, head, at) || checksum(head.array(), 0, Long.BYTES) != head.getInt(Long.BYTES)) {
            return null;
        }
        long length = head.getLong(0);
        if (length < 0 || length > file.size() - at - BEFORE - Integer.BYTES) {
            return null;
        }
        ByteBuffer body = ByteBuffer.allocate((int) length + Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (!fill(file, body, at + BEFORE) || checksum(body.array(), 0, (int) length) != body.getInt((int) length)) {
            return null;
        }
        return java.util.Arrays.copyOf(body.array(), (int) length);
    }

    private static boolean fill(FileChannel file, ByteBuffer into, long at) throws IOException {
        while (into.hasRemaining()) {
            if (file.read(into, at + into.position()) < 0) {
                return false;
            }
        }
        return true;
    }

    static int checksum(byte[] bytes, int from, int count) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, from, count);
        return Integer.rotateRight((int) crc.getValue(), 15) + MASK_DELTA;
    }
}
