package awl.model.gguf;

import awl.CheckpointException;
import awl.tensor.Tensors;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.function.LongUnaryOperator;
import java.util.stream.LongStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A GGUF file, mapped read-only. Names and row order are the file's own; [GgufModel] gives Hugging Face's.
final class GgufFile implements AutoCloseable {

    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;

    private final Path path;
    private final Arena arena;
    private final MemorySegment data;
    private final GgufReader.Head head;

    private GgufFile(Path path, Arena arena, MemorySegment data, GgufReader.Head head) {
        this.path = path;
        this.arena = arena;
        this.data = data;
        this.head = head;
    }

    /// @throws CheckpointException naming the file when it is missing, damaged or of a kind we do not read
    static GgufFile open(Path path) {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            GgufReader.Head head = new GgufReader(path.toString(), bytes).read();
            return new GgufFile(path, arena, bytes.asSlice(head.dataStart()), head);
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

    Path path() {
        return path;
    }

    Map<String, Object> metadata() {
        return head.metadata();
    }

    Map<String, GgufReader.Entry> tensors() {
        return head.tensors();
    }

    /// Metadata value of the type expected.
    <T> T require(String key, Class<T> type) {
        T value = find(key, type);
        if (value == null) {
            throw new CheckpointException("%s: metadata '%s' is missing".formatted(path, key));
        }
        return value;
    }

    <T> @Nullable T find(String key, Class<T> type) {
        Object value = head.metadata().get(key);
        if (value == null) {
            return null;
        }
        if (!type.isInstance(value)) {
            throw new CheckpointException("%s: metadata '%s' is of type %s; expected %s"
                    .formatted(path, key, value.getClass().getSimpleName(), type.getSimpleName()));
        }
        return type.cast(value);
    }

    /// Strings of an array, or null where the key is absent.
    @Nullable
    List<String> strings(String key) {
        List<?> values = find(key, List.class);
        if (values == null) {
            return null;
        }
        for (Object value : values) {
            if (!(value instanceof String)) {
                throw new CheckpointException("%s: metadata '%s' must hold strings".formatted(path, key));
            }
        }
        return values.stream().map(String.class::cast).toList();
    }

    /// Dequantises a tensor, its rows in parallel.
    ///
    /// @param dtype Float, BFloat16, Half or Double
    /// @param rowOf where row r of the file goes in the result
    Tensor read(GgufReader.Entry entry, ScalarType dtype, LongUnaryOperator rowOf) {
        Tensor tensor = Tensors.empty(dtype, entry.shape());
        long values = tensor.numel();
        if (values == 0) {
            return tensor;
        }
        int rank = entry.shape().length;
        int width = (int) (rank == 0 ? 1 : entry.shape()[rank - 1]);
        long rows = values / width;
        MemorySegment out = MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(tensor.nbytes());
        MemorySegment in = data.asSlice(entry.offset(), entry.byteSize());
        RowWriter writer = RowWriter.of(dtype);
        long perTask = Math.max(1, (1 << 18) / width);
        LongStream.range(0, (rows + perTask - 1) / perTask).parallel().forEach(task -> {
            int rowBytes = width / entry.type().blockValues() * entry.type().blockBytes();
            byte[] packed = new byte[rowBytes];
            float[] row = new float[width];
            for (long r = task * perTask; r < Math.min(rows, (task + 1) * perTask); r++) {
                MemorySegment.copy(in, ValueLayout.JAVA_BYTE, r * rowBytes, packed, 0, rowBytes);
                entry.type().dequantize(packed, width / entry.type().blockValues(), row);
                writer.write(row, out, rowOf.applyAsLong(r) * width);
            }
        });
        return tensor;
    }

    @Override
    public void close() {
        arena.close();
    }

    /// Stores a row of values in the dtype of the result.
    private interface RowWriter {
        void write(float[] row, MemorySegment out, long firstValue);

        static RowWriter of(ScalarType dtype) {
            return switch (dtype.intern()) {
                case Float ->
                    (row, out, first) ->
                            MemorySegment.copy(row, 0, out, ValueLayout.JAVA_FLOAT_UNALIGNED, 4 * first, row.length);
                case BFloat16 -> (row, out, first) -> shorts(row, out, first, RowWriter::bfloat16);
                case Half -> (row, out, first) -> shorts(row, out, first, Float::floatToFloat16);
                case Double ->
                    (row, out, first) -> {
                        for (int i = 0; i < row.length; i++) {
                            out.set(ValueLayout.JAVA_DOUBLE_UNALIGNED, 8 * (first + i), row[i]);
                        }
                    };
                default -> throw new CheckpointException("weights cannot be read as " + dtype.intern());
            };
        }

        private static void shorts(float[] row, MemorySegment out, long first, ToShort convert) {
            short[] converted = new short[row.length];
            for (int i = 0; i < row.length; i++) {
                converted[i] = convert.apply(row[i]);
            }
            MemorySegment.copy(converted, 0, out, SHORT, 2 * first, converted.length);
        }

        /// Round to nearest, ties to even; NaN stays NaN.
        private static short bfloat16(float value) {
            int bits = Float.floatToRawIntBits(value);
            if (Float.isNaN(value)) {
                return (short) ((bits >>> 16) | 0x40);
            }
            return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
        }
    }

    @FunctionalInterface
    private interface ToShort {
        short apply(float value);
    }
}
