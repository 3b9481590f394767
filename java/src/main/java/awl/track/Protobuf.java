package awl.track;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/// A protocol buffer message, field after field, in its wire format.
///
/// @see <a href="https://protobuf.dev/programming-guides/encoding/">Encoding</a>
final class Protobuf {

    private static final int VARINT = 0;
    private static final int EIGHT_BYTES = 1;
    private static final int BYTES = 2;
    private static final int FOUR_BYTES = 5;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Protobuf number(int field, long value) {
        varint((long) field << 3 | VARINT);
        return varint(value);
    }

    Protobuf real(int field, double value) {
        varint((long) field << 3 | EIGHT_BYTES);
        return raw(ByteBuffer.allocate(Double.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putDouble(value)
                .array());
    }

    Protobuf real(int field, float value) {
        varint((long) field << 3 | FOUR_BYTES);
        return raw(ByteBuffer.allocate(Float.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putFloat(value)
                .array());
    }

    Protobuf text(int field, String value) {
        return bytes(field, value.getBytes(StandardCharsets.UTF_8));
    }

    Protobuf message(int field, Protobuf value) {
        return bytes(field, value.toBytes());
    }

    private Protobuf bytes(int field, byte[] value) {
        varint((long) field << 3 | BYTES);
        varint(value.length);
        return raw(value);
    }

    private Protobuf raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    private Protobuf varint(long value) {
        long left = value;
        while ((left & ~0x7FL) != 0) {
            out.write((int) (left & 0x7F | 0x80));
            left >>>= 7;
        }
        out.write((int) left);
        return this;
    }

    byte[] toBytes() {
        return out.toByteArray();
    }

    /// The number in a field of a message, the last one where it stands there more than once.
    ///
    /// @param absent where the field is not there
    static long number(byte[] message, int field, long absent) {
        ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
        long found = absent;
        while (in.hasRemaining()) {
            long key = varint(in);
            switch ((int) key & 7) {
                case VARINT -> {
                    long value = varint(in);
                    found = key >>> 3 == field ? value : found;
                }
                case EIGHT_BYTES -> in.position(in.position() + Long.BYTES);
                case FOUR_BYTES -> in.position(in.position() + Integer.BYTES);
                case BYTES -> {
                    int length = (int) varint(in);
                    in.position(in.position() + length);
                }
                default -> throw new IllegalArgumentException("wire type " + (key & 7));
            }
        }
        return found;
    }

    private static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < Long.SIZE; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new IllegalArgumentException("a number of more than ten bytes");
    }
}
