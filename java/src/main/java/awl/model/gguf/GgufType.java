package awl.model.gguf;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The number formats of ggml that are read: a row of a tensor is a sequence of blocks of [#values] numbers
/// in [#bytes] bytes.
enum GgufType {
    F32(0, 1, 4, Blocks::f32),
    F16(1, 1, 2, Blocks::f16),
    Q4_0(2, 32, 18, Blocks::q40),
    Q4_1(3, 32, 20, Blocks::q41),
    Q5_0(6, 32, 22, Blocks::q50),
    Q5_1(7, 32, 24, Blocks::q51),
    Q8_0(8, 32, 34, Blocks::q80),
    Q4_K(12, 256, 144, Blocks::q4k),
    Q5_K(13, 256, 176, Blocks::q5k),
    Q6_K(14, 256, 210, Blocks::q6k),
    BF16(30, 1, 2, Blocks::bf16);

    /// Decodes blocks to float32.
    interface Decoder {
        /// @param in the blocks, from index 0
        /// @param blocks how many
        /// @param out values in order, from index 0
        void decode(byte[] in, int blocks, float[] out);
    }

    private static final Map<Long, GgufType> BY_ID = new HashMap<>();

    static {
        for (GgufType type : values()) {
            BY_ID.put((long) type.id, type);
        }
    }

    /// Names of the formats that exist and are not read, by their numbers, for messages.
    private static final Map<Long, String> OTHERS = Map.ofEntries(
            Map.entry(9L, "Q8_1"),
            Map.entry(10L, "Q2_K"),
            Map.entry(11L, "Q3_K"),
            Map.entry(15L, "Q8_K"),
            Map.entry(16L, "IQ2_XXS"),
            Map.entry(17L, "IQ2_XS"),
            Map.entry(18L, "IQ3_XXS"),
            Map.entry(19L, "IQ1_S"),
            Map.entry(20L, "IQ4_NL"),
            Map.entry(21L, "IQ3_S"),
            Map.entry(22L, "IQ2_S"),
            Map.entry(23L, "IQ4_XS"),
            Map.entry(24L, "I8"),
            Map.entry(25L, "I16"),
            Map.entry(26L, "I32"),
            Map.entry(27L, "I64"),
            Map.entry(28L, "F64"),
            Map.entry(29L, "IQ1_M"),
            Map.entry(34L, "TQ1_0"),
            Map.entry(35L, "TQ2_0"),
            Map.entry(39L, "MXFP4"));

    private final int id;
    final int values;
    final int bytes;
    final Decoder decoder;

    GgufType(int id, int values, int bytes, Decoder decoder) {
        this.id = id;
        this.values = values;
        this.bytes = bytes;
        this.decoder = decoder;
    }

    int code() {
        return id;
    }

    /// The format of that number, or null where it is not read.
    static @Nullable GgufType of(long id) {
        return BY_ID.get(id);
    }

    /// What the number stands for, whether it is read or not.
    static String name(long id) {
        GgufType type = BY_ID.get(id);
        return type != null ? type.name() : OTHERS.getOrDefault(id, "number " + id);
    }
}
