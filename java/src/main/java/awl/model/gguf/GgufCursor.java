package awl.model.gguf;

import awl.CheckpointException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/// A position in a GGUF file's header. Nothing is read beyond its end, and no length that the file claims is believed
/// before it is known to fit.
final class GgufCursor {

    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final String file;
    private final MemorySegment bytes;
    private long at;
    /// What is being read, for messages.
    private String what = "the header";

    GgufCursor(String file, MemorySegment bytes, long at) {
        this.file = file;
        this.bytes = bytes;
        this.at = at;
    }

    long at() {
        return at;
    }

    void reading(String thing) {
        this.what = thing;
    }

    /// Takes `count` bytes off.
    ///
    /// @param count unsigned: what is negative in Java is too long
    /// @return where they begin
    long take(long count) {
        if (count < 0 || count > bytes.byteSize() - at) {
            throw bad(
                    "%s claims %s bytes at byte %d, but the file has %d: it is truncated or damaged; copy or download it again"
                            .formatted(what, Long.toUnsignedString(count), at, bytes.byteSize()));
        }
        long start = at;
        at += count;
        return start;
    }

    int int32() {
        return bytes.get(INT, take(4));
    }

    long uint32() {
        return Integer.toUnsignedLong(int32());
    }

    /// A count or length; refused where it could not fit even if each item were as small as it can be.
    ///
    /// @param least bytes that an item takes at least
    long count(String of, int least) {
        long count = bytes.get(LONG, take(8));
        if (count < 0 || count > (bytes.byteSize() - at) / least) {
            throw bad("%s claims %s %s, more than the %d bytes of the file can hold: it is truncated or damaged"
                    .formatted(what, Long.toUnsignedString(count), of, bytes.byteSize()));
        }
        return count;
    }

    long int64() {
        return bytes.get(LONG, take(8));
    }

    /// Steps over a string.
    void skipString() {
        take(count("bytes of text", 1));
    }

    String string() {
        long length = count("bytes of text", 1);
        return text(take(length), length);
    }

    private String text(long start, long length) {
        if (length > Integer.MAX_VALUE - 8) {
            throw bad("%s is a string of %d bytes".formatted(what, length));
        }
        ByteBuffer view = bytes.asSlice(start, length).asByteBuffer();
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(view).toString();
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file + ": " + what + " is not UTF-8 (byte " + start + ")", e);
        }
    }

    CheckpointException bad(String message) {
        return new CheckpointException(file + ": " + message);
    }
}
