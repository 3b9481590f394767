package awl.model.gguf;

import awl.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// An array in a GGUF file's metadata. Its bounds were checked when the file was opened; its items are decoded when
/// asked
/// for (a vocabulary is hundreds of thousands of strings, and who only wants weights does not want them).
///
/// @param key for messages
/// @param type of the items, as [GgufValueType] numbers them
/// @param at where the first item begins in the file
record GgufArray(String file, String key, GgufValueType type, long count, MemorySegment bytes, long at) {

    private int size() {
        if (count > 1 << 24) {
            throw new CheckpointException(
                    "%s: %s has %d items; at most %d are read".formatted(file, key, count, 1 << 24));
        }
        return (int) count;
    }

    private CheckpointException wrong(String expected) {
        return new CheckpointException(
                "%s: %s must be an array of %s, found one of %s".formatted(file, key, expected, type));
    }

    List<String> strings() {
        if (type != GgufValueType.STRING) {
            throw wrong("strings");
        }
        int size = size();
        GgufCursor cursor = new GgufCursor(file, bytes, at);
        List<String> values = new ArrayList<>(size);
        for (int i = 0; i < size; i++) {
            cursor.reading(key + "[" + i + "]");
            values.add(cursor.string());
        }
        return values;
    }

    long[] integers() {
        if (!type.isInteger()) {
            throw wrong("integers");
        }
        long[] values = new long[size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = type.integer(bytes, at + (long) i * type.bytes());
        }
        return values;
    }

    float[] floats() {
        if (type != GgufValueType.FLOAT32) {
            throw wrong("float32");
        }
        float[] values = new float[size()];
        MemorySegment.copy(
                bytes,
                ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(java.nio.ByteOrder.LITTLE_ENDIAN),
                at,
                values,
                0,
                values.length);
        return values;
    }
}
