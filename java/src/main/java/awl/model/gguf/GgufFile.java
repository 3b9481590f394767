package awl.model.gguf;

import awl.CheckpointException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.Map;

/// A GGUF file (versions 2 and 3, little endian), mapped into memory: metadata and tensor table read and checked, data
/// untouched. Thread-safe for reading.
///
/// Opening takes time and memory proportional to the header, whatever the file claims of itself.
final class GgufFile implements AutoCloseable {

    private static final int MAGIC = 0x46554747;
    private static final int DEFAULT_ALIGNMENT = 32;
    /// Deepest array of arrays.
    private static final int MAX_DEPTH = 8;

    private final Path path;
    private final Arena arena;
    private final GgufMetadata metadata;
    private final Map<String, GgufTensor> tensors;
    private final MemorySegment data;

    private GgufFile(
            Path path, Arena arena, GgufMetadata metadata, Map<String, GgufTensor> tensors, MemorySegment data) {
        this.path = path;
        this.arena = arena;
        this.metadata = metadata;
        this.tensors = tensors;
        this.data = data;
    }

    /// Maps a file and checks its header.
    ///
    /// @throws CheckpointException when the file is missing, truncated, inconsistent, or of a version or number
    ///     format that is not read
    static GgufFile open(Path path) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return parse(path, arena, bytes);
        } catch (NoSuchFileException e) {
            arena.close();
            throw new CheckpointException(path + ": no such file", e);
        } catch (IOException e) {
            arena.close();
            throw new CheckpointException(path + ": cannot be read: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            arena.close();
            throw e;
        }
    }

    private static GgufFile parse(Path path, Arena arena, MemorySegment bytes) {
        String file = path.toString();
        if (bytes.byteSize() < 24 || bytes.get(GgufCursor.INT, 0) != MAGIC) {
            throw new CheckpointException(file + ": not a GGUF file (it must begin with the letters GGUF)");
        }
        GgufCursor cursor = new GgufCursor(file, bytes, 4);
        int version = cursor.int32();
        if (version != 2 && version != 3) {
            boolean swapped = (version & 0xffff) == 0 && version != 0;
            throw cursor.bad(
                    swapped
                            ? "big-endian GGUF; only little-endian files are read"
                            : "GGUF version %s; versions 2 and 3 are read, convert the model anew"
                                    .formatted(Integer.toUnsignedString(version)));
        }
        long tensorCount = cursor.count("tensors", 24);
        long valueCount = cursor.count("metadata values", 13);
        Map<String, Object> values = new LinkedHashMap<>();
        for (long i = 0; i < valueCount; i++) {
            cursor.reading("metadata key " + i);
            String key = cursor.string();
            cursor.reading(key);
            if (values.put(key, value(file, cursor, bytes, key)) != null) {
                throw cursor.bad("the metadata key " + key + " stands twice");
            }
        }
        GgufMetadata metadata = new GgufMetadata(file, values);
        Long alignment = metadata.integer("general.alignment");
        long align = alignment == null ? DEFAULT_ALIGNMENT : alignment;
        if (align <= 0 || align > 1 << 20 || Long.bitCount(align) != 1) {
            throw cursor.bad("general.alignment must be a power of two up to 1048576, found " + align);
        }
        GgufTensorTable table = new GgufTensorTable(cursor, align);
        table.read(tensorCount);
        long start = (cursor.at() + align - 1) / align * align;
        long size = Math.max(0, bytes.byteSize() - start);
        Map<String, GgufTensor> tensors = table.check(size);
        MemorySegment data = size == 0 ? MemorySegment.NULL : bytes.asSlice(start, size);
        return new GgufFile(path, arena, metadata, tensors, data);
    }

    private static Object value(String file, GgufCursor cursor, MemorySegment bytes, String key) {
        GgufValueType type = type(cursor, key);
        return switch (type) {
            case STRING -> cursor.string();
            case ARRAY -> array(file, cursor, bytes, key);
            case BOOL -> bytes.get(ValueLayout.JAVA_BYTE, cursor.take(1)) != 0;
            case FLOAT32 -> Float.intBitsToFloat(cursor.int32());
            case FLOAT64 -> Double.longBitsToDouble(cursor.int64());
            default -> type.integer(bytes, cursor.take(type.bytes()));
        };
    }

    private static GgufValueType type(GgufCursor cursor, String key) {
        long number = cursor.uint32();
        GgufValueType type = GgufValueType.of(number);
        if (type == null) {
            throw cursor.bad("%s has the unknown value type %d: damaged, or of a newer kind".formatted(key, number));
        }
        return type;
    }

    private static GgufArray array(String file, GgufCursor cursor, MemorySegment bytes, String key) {
        GgufValueType type = type(cursor, key);
        long count = cursor.count("items", type.least());
        long at = cursor.at();
        skip(cursor, key, type, count, 1);
        return new GgufArray(file, key, type, count, bytes, at);
    }

    /// Steps over the items of an array, checking that they are there.
    private static void skip(GgufCursor cursor, String key, GgufValueType type, long count, int depth) {
        switch (type) {
            case STRING -> {
                for (long i = 0; i < count; i++) {
                    cursor.skipString();
                }
            }
            case ARRAY -> {
                if (depth >= MAX_DEPTH) {
                    throw cursor.bad("%s nests arrays deeper than %d".formatted(key, MAX_DEPTH));
                }
                for (long i = 0; i < count; i++) {
                    GgufValueType inner = type(cursor, key);
                    skip(cursor, key, inner, cursor.count("items", inner.least()), depth + 1);
                }
            }
            default -> cursor.take(count * type.bytes());
        }
    }

    Path path() {
        return path;
    }

    GgufMetadata metadata() {
        return metadata;
    }

    /// The tensor table, in the order of the file.
    Map<String, GgufTensor> tensors() {
        return tensors;
    }

    /// The bytes of one tensor; valid until [#close].
    MemorySegment bytes(GgufTensor tensor) {
        return data.asSlice(tensor.start(), tensor.bytes());
    }

    /// Begins to bring the tensors into memory on another thread.
    void prefetch() {
        Thread.ofPlatform().daemon().name("awl-prefetch").start(() -> {
            try {
                data.load();
            } catch (IllegalStateException e) {
                // It was closed meanwhile, and nobody needs it any more.
            }
        });
    }

    @Override
    public void close() {
        arena.close();
    }
}
