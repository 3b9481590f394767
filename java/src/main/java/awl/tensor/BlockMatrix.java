package awl.tensor;

import java.lang.foreign.MemorySegment;
import org.bytedeco.pytorch.Tensor;

/// A matrix of weights in quantised blocks, as it lies in a file that is mapped into memory (ggml's formats).
/// It can be read as long as the file is open, and never be written.
///
/// Rows count as Hugging Face has them; a file may keep those of a rotary projection in another order.
public interface BlockMatrix {

    /// ggml's number of the format.
    int format();

    /// ggml's name of the format, `Q4_1`.
    String formatName();

    long rows();

    /// Values in a row: whole blocks, and a multiple of 32.
    long columns();

    /// Width E of the heads whose rotary halves the file interleaves (row `2i + j` of a head there is row `j E/2 + i`
    /// here), or 0 where rows lie in order.
    int interleavedHead();

    /// The blocks, row by row as the file has them.
    MemorySegment bytes();

    /// All values, exact in float32, `[rows, columns]`; a new tensor of the caller's.
    Tensor dequantized();

    /// Some rows of the same.
    Tensor dequantized(int... rows);
}
