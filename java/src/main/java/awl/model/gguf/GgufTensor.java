package awl.model.gguf;

/// One entry of a GGUF file's tensor table.
///
/// @param name llama.cpp's name
/// @param shape sizes, outermost first as elsewhere here (the file has them innermost first)
/// @param start first byte, counted from the start of the data section
/// @param bytes length
record GgufTensor(String name, GgufType type, long[] shape, long start, long bytes) {

    /// Values in a row: the innermost size.
    int columns() {
        return shape.length == 0 ? 1 : (int) shape[shape.length - 1];
    }

    /// Number of rows, whatever the rank.
    long rows() {
        long rows = 1;
        for (int i = 0; i < shape.length - 1; i++) {
            rows *= shape[i];
        }
        return rows;
    }

    int rowBytes() {
        return columns() / type.values * type.bytes;
    }
}
