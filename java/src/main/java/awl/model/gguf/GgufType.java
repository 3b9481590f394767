package awl.model.gguf;

import java.util.Arrays;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Number formats of GGUF tensors. Quantised ones come in blocks of some values with scales of their own; the layouts
/// and the arithmetic are ggml's, so values agree bit for bit with its reference.
enum GgufType {
    F32(0, 1, 4, Dequantize::f32),
    F16(1, 1, 2, Dequantize::f16),
    Q4_0(2, 32, 18, Dequantize::q4v0),
    Q4_1(3, 32, 20, Dequantize::q4v1),
    Q5_0(6, 32, 22, Dequantize::q5v0),
    Q5_1(7, 32, 24, Dequantize::q5v1),
    Q8_0(8, 32, 34, Dequantize::q8v0),
    Q4_K(12, 256, 144, DequantizeK::q4),
    Q5_K(13, 256, 176, DequantizeK::q5),
    Q6_K(14, 256, 210, DequantizeK::q6),
    BF16(30, 1, 2, Dequantize::bf16);

    /// Turns `blocks` consecutive blocks at the start of `from` into values at the start of `to`.
    @FunctionalInterface
    interface Blocks {
        void convert(byte[] from, int blocks, float[] to);
    }

    private final int code;
    private final int blockValues;
    private final int blockBytes;
    private final Blocks blocks;

    GgufType(int code, int blockValues, int blockBytes, Blocks blocks) {
        this.code = code;
        this.blockValues = blockValues;
        this.blockBytes = blockBytes;
        this.blocks = blocks;
    }

    static @Nullable GgufType of(int code) {
        for (GgufType type : values()) {
            if (type.code == code) {
                return type;
            }
        }
        return null;
    }

    static String names() {
        return Arrays.stream(values()).map(Enum::name).collect(Collectors.joining(" "));
    }

    int code() {
        return code;
    }

    int blockValues() {
        return blockValues;
    }

    int blockBytes() {
        return blockBytes;
    }

    void dequantize(byte[] from, int count, float[] to) {
        blocks.convert(from, count, to);
    }
}
