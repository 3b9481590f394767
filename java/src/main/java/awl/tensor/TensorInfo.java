package awl.tensor;

/// Where one tensor lies in a file.
///
/// @param name as in the file
/// @param dtype safetensors' name of the number format: `F32`, `BF16`, ...
/// @param shape sizes; empty for a scalar
/// @param start first byte, counted from the start of the file's data section
/// @param end byte behind the last one
public record TensorInfo(String name, String dtype, long[] shape, long start, long end) {

    /// Number of values.
    public long count() {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return count;
    }

    public long bytes() {
        return end - start;
    }
}
