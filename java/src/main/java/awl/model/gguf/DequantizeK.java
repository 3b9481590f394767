package awl.model.gguf;

/// The "K" formats: blocks of 256 values in groups of 32 (or 16) with 6-bit (or 8-bit) scales of their own.
final class DequantizeK {

    private DequantizeK() {}

    /// Scale of group `j` (0..7) out of 12 packed bytes.
    private static int scale(byte[] from, int at, int j) {
        return j < 4 ? from[at + j] & 63 : (from[at + j + 4] & 15) | ((from[at + j - 4] >> 6 & 3) << 4);
    }

    /// Minimum of group `j` out of the same 12 bytes.
    private static int minimum(byte[] from, int at, int j) {
        return j < 4 ? from[at + j + 4] & 63 : (from[at + j + 4] >> 4 & 15) | ((from[at + j] >> 6 & 3) << 4);
    }

    static void q4(byte[] from, int blocks, float[] to) {
        for (int b = 0; b < blocks; b++) {
            int at = b * 144;
            float d = Dequantize.half(from, at);
            float dmin = Dequantize.half(from, at + 2);
            for (int group = 0; group < 8; group++) {
                float scale = d * scale(from, at + 4, group);
                float minimum = dmin * minimum(from, at + 4, group);
                int quants = at + 16 + (group >> 1) * 32;
                int shift = (group & 1) * 4;
                int out = b * 256 + group * 32;
                for (int i = 0; i < 32; i++) {
                    to[out + i] = scale * ((from[quants + i] >> shift) & 15) - minimum;
                }
            }
        }
    }

    static void q5(byte[] from, int blocks, float[] to) {
        for (int b = 0; b < blocks; b++) {
            int at = b * 176;
            float d = Dequantize.half(from, at);
            float dmin = Dequantize.half(from, at + 2);
            for (int group = 0; group < 8; group++) {
                float scale = d * scale(from, at + 4, group);
                float minimum = dmin * minimum(from, at + 4, group);
                int quants = at + 48 + (group >> 1) * 32;
                int shift = (group & 1) * 4;
                int out = b * 256 + group * 32;
                for (int i = 0; i < 32; i++) {
                    int high = (from[at + 16 + i] >> group) & 1;
                    to[out + i] = scale * (((from[quants + i] >> shift) & 15) | high << 4) - minimum;
                }
            }
        }
    }

    static void q6(byte[] from, int blocks, float[] to) {
        for (int b = 0; b < blocks; b++) {
            int at = b * 210;
            float d = Dequantize.half(from, at + 208);
            for (int group = 0; group < 8; group++) {
                // Groups 0-3 and 4-7 share 64 low bytes (nibbles) and 32 high bytes (bit pairs) each.
                int half = group >> 2;
                int low = at + half * 64 + (group & 1) * 32;
                int lowShift = (group & 2) * 2;
                int high = at + 128 + half * 32;
                int highShift = (group & 3) * 2;
                int out = b * 256 + group * 32;
                for (int i = 0; i < 32; i++) {
                    float scale = d * from[at + 192 + group * 2 + (i >> 4)];
                    int q = ((from[low + i] >> lowShift) & 15) | ((from[high + i] >> highShift) & 3) << 4;
                    to[out + i] = scale * (q - 32);
                }
            }
        }
    }
}
