package awl.model.gguf;

import awl.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Walks the head of a GGUF file: magic, version, metadata, tensor table. Every count and length is checked against
/// the bytes that are left, so a hostile file costs no more than its size.
final class GgufReader {

    private static final int MAX_DEPTH = 4;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;

    private final String file;
    private final MemorySegment bytes;
    private long at;

    GgufReader(String file, MemorySegment bytes) {
        this.file = file;
        this.bytes = bytes;
    }

    /// One row of the tensor table.
    ///
    /// @param shape sizes in Hugging Face's order (slowest first)
    /// @param offset first byte, from the start of the data section
    record Entry(String name, GgufType type, long[] shape, long offset, long byteSize) {}

    /// @param dataStart where the data section begins
    record Head(Map<String, Object> metadata, Map<String, Entry> tensors, long dataStart) {}

    Head read() {
        if (bytes.byteSize() < 24 || int32() != 0x46554747) {
            throw bad("not a GGUF file (its first bytes must be 'GGUF')");
        }
        int version = int32();
        if (version != 2 && version != 3) {
            throw bad("GGUF version " + version + " is not supported; supported are 2 and 3 in little-endian order");
        }
        long tensorCount = count(24, "tensors");
        long entryCount = count(13, "metadata entries");
        Map<String, Object> metadata = new LinkedHashMap<>();
        for (long i = 0; i < entryCount; i++) {
            String key = string("metadata key");
            Object value = value(int32(), key, 0);
            if (metadata.put(key, value) != null) {
                throw bad("metadata '" + key + "' stands twice");
            }
        }
        Map<String, Entry> tensors = new LinkedHashMap<>();
        for (long i = 0; i < tensorCount; i++) {
            Entry entry = tensor();
            if (tensors.put(entry.name(), entry) != null) {
                throw bad("tensor '" + entry.name() + "' stands twice");
            }
        }
        long alignment = metadata.get("general.alignment") instanceof Long given ? given : 32;
        if (alignment < 8 || alignment > 1 << 20 || alignment % 8 != 0) {
            throw bad("general.alignment is " + alignment + "; expected a multiple of 8 up to 1,048,576");
        }
        long dataStart = (at + alignment - 1) / alignment * alignment;
        check(tensors, Math.max(0, bytes.byteSize() - dataStart), alignment);
        return new Head(metadata, tensors, Math.min(dataStart, bytes.byteSize()));
    }

    private void check(Map<String, Entry> tensors, long dataBytes, long alignment) {
        List<Entry> sorted = new ArrayList<>(tensors.values());
        sorted.sort(java.util.Comparator.comparingLong(Entry::offset));
        long end = 0;
        for (Entry entry : sorted) {
            if (entry.offset() < end || entry.offset() % alignment != 0) {
                throw bad("tensor '%s' starts at byte %d of the data: it overlaps another or is not aligned to %d"
                        .formatted(entry.name(), entry.offset(), alignment));
            }
            if (entry.byteSize() > dataBytes - entry.offset()) {
                throw bad("tensor '%s' needs bytes %d to %d but the data has %d: the file is truncated"
                        .formatted(entry.name(), entry.offset(), entry.offset() + entry.byteSize(), dataBytes));
            }
            end = entry.offset() + entry.byteSize();
        }
    }

    private Entry tensor() {
        String name = string("tensor name");
        int rank = int32();
        if (rank < 0 || rank > 4) {
            throw bad("tensor '" + name + "' has " + rank + " dimensions; at most 4 are allowed");
        }
        long[] shape = new long[rank];
        long values = 1;
        for (int i = 0; i < rank; i++) {
            long size = int64();
            if (size < 0 || (size != 0 && values > Long.MAX_VALUE / 8 / size)) {
                throw bad("tensor '" + name + "': the shape overflows");
            }
            values *= size;
            shape[rank - 1 - i] = size;
        }
        int code = int32();
        GgufType type = GgufType.of(code);
        if (type == null) {
            throw bad("tensor '%s' has quantisation type %d; supported are %s".formatted(name, code, GgufType.names()));
        }
        long rowLength = rank == 0 ? 1 : shape[rank - 1];
        if (rowLength % type.blockValues() != 0) {
            throw bad("tensor '%s': rows of %d values are no whole blocks of %d (%s)"
                    .formatted(name, rowLength, type.blockValues(), type));
        }
        long offset = int64();
        if (offset < 0) {
            throw bad("tensor '" + name + "' has a negative offset");
        }
        return new Entry(name, type, shape, offset, values / type.blockValues() * type.blockBytes());
    }

    private Object value(int type, String key, int depth) {
        return switch (type) {
            case 0 -> (long) (int8() & 0xff);
            case 1 -> (long) int8();
            case 2 -> (long) (int16() & 0xffff);
            case 3 -> (long) int16();
            case 4 -> Integer.toUnsignedLong(int32());
            case 5 -> (long) int32();
            case 6 -> (double) float32();
            case 7 -> int8() != 0;
            case 8 -> string(key);
            case 9 -> array(key, depth);
            case 10, 11 -> int64();
            case 12 -> float64();
            default -> throw bad("metadata '" + key + "' has the unknown type " + type);
        };
    }

    private List<Object> array(String key, int depth) {
        if (depth == MAX_DEPTH) {
            throw bad("metadata '" + key + "' is nested deeper than " + MAX_DEPTH);
        }
        int type = int32();
        long width = switch (type) {
            case 0, 1, 7 -> 1;
            case 2, 3 -> 2;
            case 4, 5, 6 -> 4;
            case 8, 10, 11, 12 -> 8;
            case 9 -> 12;
            default -> throw bad("metadata '" + key + "' is an array of the unknown type " + type);
        };
        long count = count(width, "entries of metadata '" + key + "'");
        List<Object> values = new ArrayList<>((int) Math.min(count, 1 << 20));
        for (long i = 0; i < count; i++) {
            values.add(value(type, key, depth + 1));
        }
        return values;
    }

    /// Reads a count of things that take at least `width` bytes each.
    private long count(long width, String what) {
        long count = int64();
        if (count < 0 || count > (bytes.byteSize() - at) / width || count > Integer.MAX_VALUE) {
            throw bad("claims %s %s in the %d bytes that are left: damaged"
                    .formatted(Long.toUnsignedString(count), what, bytes.byteSize() - at));
        }
        return count;
    }

    private String string(String what) {
        long length = count(1, "bytes of " + what);
        byte[] text = bytes.asSlice(take(length), length).toArray(ValueLayout.JAVA_BYTE);
        return new String(text, StandardCharsets.UTF_8);
    }

    private byte int8() {
        return bytes.get(ValueLayout.JAVA_BYTE, take(1));
    }

    private short int16() {
        return bytes.get(SHORT, take(2));
    }

    private int int32() {
        return bytes.get(INT, take(4));
    }

    private long int64() {
        return bytes.get(LONG, take(8));
    }

    private float float32() {
        return bytes.get(FLOAT, take(4));
    }

    private double float64() {
        return bytes.get(DOUBLE, take(8));
    }

    private long take(long length) {
        if (length > bytes.byteSize() - at) {
            throw bad("ends at byte " + bytes.byteSize() + " in the middle of its head: the file is truncated");
        }
        long start = at;
        at += length;
        return start;
    }

    private CheckpointException bad(String message) {
        return new CheckpointException(file + ": " + message);
    }
}
