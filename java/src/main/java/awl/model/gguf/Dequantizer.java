package awl.model.gguf;

import awl.tensor.Tensors;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Turns the bytes of a GGUF tensor into a libtorch tensor: decoded block by block on all cores, straight
/// into the memory of the result, rows where Hugging Face has them.
final class Dequantizer {

    /// Values that a task decodes: large beside a task's overhead, small beside a cache.
    private static final int TASK = 1 << 16;

    private final GgufTensor tensor;
    private final MemorySegment bytes;
    private final int columns;
    private final long rows;
    private final int headSize;

    /// @param bytes of the tensor
    /// @param headSize width of the heads whose rotary halves the file interleaves, or 0 where rows stay
    Dequantizer(GgufTensor tensor, MemorySegment bytes, int headSize) {
        this.tensor = tensor;
        this.bytes = bytes;
        this.headSize = headSize;
        // The bias of a permuted projection is permuted like its rows.
        boolean column = headSize > 0 && tensor.shape().length == 1;
        this.columns = column ? 1 : tensor.columns();
        this.rows = column ? tensor.columns() : tensor.rows();
    }

    /// A new tensor of the shape in the file.
    Tensor read(ScalarType dtype) {
        ScalarType wanted = dtype.intern();
        if (wanted != ScalarType.Float && wanted != ScalarType.BFloat16) {
            Tensor exact = read(ScalarType.Float);
            Tensor converted = exact.to(wanted, false, true, new MemoryFormatOptional());
            exact.close();
            return converted;
        }
        boolean narrow = wanted == ScalarType.BFloat16;
        Tensor made = Tensors.empty(wanted, tensor.shape());
        MemorySegment to =
                MemorySegment.ofAddress(made.data_ptr().address()).reinterpret(rows * columns * (narrow ? 2L : 4L));
        long rowsPerTask = Math.max(1, TASK / columns);
        int tasks = Math.toIntExact((rows + rowsPerTask - 1) / rowsPerTask);
        IntStream.range(0, tasks).parallel().forEach(task -> {
            long first = task * rowsPerTask;
            decode(first, Math.min(rows, first + rowsPerTask), to, narrow);
        });
        return made;
    }

    /// The rows asked for, in the order asked.
    Tensor rows(int... wanted) {
        Tensor made = Tensors.empty(ScalarType.Float, wanted.length, columns);
        if (wanted.length == 0) {
            return made;
        }
        int blocks = columns / tensor.type().values;
        byte[] stored = new byte[blocks * tensor.type().bytes];
        float[] values = new float[columns];
        MemorySegment to = MemorySegment.ofAddress(made.data_ptr().address()).reinterpret(4L * wanted.length * columns);
        for (int i = 0; i < wanted.length; i++) {
            MemorySegment.copy(
                    bytes, ValueLayout.JAVA_BYTE, source(wanted[i]) * stored.length, stored, 0, stored.length);
            tensor.type().decoder.decode(stored, blocks, values);
            MemorySegment.copy(values, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i * columns, columns);
        }
        return made;
    }

    /// Where the file has a row: [#destination] the other way round.
    private long source(long row) {
        if (headSize == 0) {
            return row;
        }
        long inHead = row % headSize;
        long half = headSize / 2;
        return row - inHead + inHead % half * 2 + inHead / half;
    }

    private void decode(long from, long end, MemorySegment to, boolean narrow) {
        int blocks = columns / tensor.type().values;
        byte[] stored = new byte[blocks * tensor.type().bytes];
        float[] values = new float[columns];
        short[] rounded = narrow ? new short[columns] : new short[0];
        for (long row = from; row < end; row++) {
            MemorySegment.copy(bytes, ValueLayout.JAVA_BYTE, row * stored.length, stored, 0, stored.length);
            tensor.type().decoder.decode(stored, blocks, values);
            long at = destination(row) * columns;
            if (narrow) {
                for (int i = 0; i < columns; i++) {
                    rounded[i] = bfloat16(values[i]);
                }
                MemorySegment.copy(rounded, 0, to, ValueLayout.JAVA_SHORT_UNALIGNED, at * 2, columns);
            } else {
                MemorySegment.copy(values, 0, to, ValueLayout.JAVA_FLOAT_UNALIGNED, at * 4, columns);
            }
        }
    }

    /// llama.cpp rotates neighbouring rows of a head, Hugging Face rows half a head apart: row 2i+j there is
    /// row j*E/2+i here.
    private long destination(long row) {
        if (headSize == 0) {
            return row;
        }
        long inHead = row % headSize;
        return row - inHead + (inHead & 1) * (headSize / 2) + inHead / 2;
    }

    /// Rounds to the nearest bfloat16, ties to even, as libtorch does.
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        int rounded = (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
        return (short) (Float.isNaN(value) ? 0x7fc0 : rounded);
    }
}
