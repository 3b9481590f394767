package awl.model.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/// Types of metadata values, numbered as in the file.
enum GgufValueType {
    UINT8(1),
    INT8(1),
    UINT16(2),
    INT16(2),
    UINT32(4),
    INT32(4),
    FLOAT32(4),
    BOOL(1),
    STRING(0),
    ARRAY(0),
    UINT64(8),
    INT64(8),
    FLOAT64(8);

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final int bytes;

    GgufValueType(int bytes) {
        this.bytes = bytes;
    }

    /// Width of one value; 0 where it differs.
    int bytes() {
        return bytes;
    }

    /// Fewest bytes that a value takes.
    int least() {
        return switch (this) {
            case STRING -> 8;
            case ARRAY -> 12;
            default -> bytes;
        };
    }

    boolean isInteger() {
        return switch (this) {
            case FLOAT32, FLOAT64, BOOL, STRING, ARRAY -> false;
            default -> true;
        };
    }

    static @Nullable GgufValueType of(long number) {
        GgufValueType[] all = values();
        return number >= 0 && number < all.length ? all[(int) number] : null;
    }

    /// An integer at that place; 64 bits keep their pattern.
    long integer(MemorySegment from, long at) {
        return switch (this) {
            case UINT8 -> from.get(ValueLayout.JAVA_BYTE, at) & 0xff;
            case INT8 -> from.get(ValueLayout.JAVA_BYTE, at);
            case UINT16 -> from.get(SHORT, at) & 0xffff;
            case INT16 -> from.get(SHORT, at);
            case UINT32 -> Integer.toUnsignedLong(from.get(GgufCursor.INT, at));
            case INT32 -> from.get(GgufCursor.INT, at);
            case UINT64, INT64 -> from.get(GgufCursor.LONG, at);
            default -> throw new IllegalStateException(this + " is no integer");
        };
    }
}
