package awl.model.gguf;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Dequantisation: blocks of ggml's formats to float32, bit for bit as the reference (gguf-py) computes them.
///
/// Each product and each sum is rounded to float32 on its own; a fused multiply-add would differ in the last bit.
/// `d` is a block's scale, `m` its offset, `q` the small integers. The K formats (256 values) keep a second level of
/// 6- or 8-bit scales, one for each run of 32 or 16 values.
final class Blocks {

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private Blocks() {}

    private static float half(byte[] in, int at) {
        return Float.float16ToFloat((short) SHORT.get(in, at));
    }

    static void f32(byte[] in, int blocks, float[] out) {
        for (int i = 0; i < blocks; i++) {
            out[i] = Float.intBitsToFloat((int) INT.get(in, 4 * i));
        }
    }

    static void f16(byte[] in, int blocks, float[] out) {
        for (int i = 0; i < blocks; i++) {
            out[i] = half(in, 2 * i);
        }
    }

    static void bf16(byte[] in, int blocks, float[] out) {
        for (int i = 0; i < blocks; i++) {
            out[i] = Float.intBitsToFloat((short) SHORT.get(in, 2 * i) << 16);
        }
    }

    /// d, 16 bytes: low nibbles are values 0-15, high nibbles 16-31; `d * (q - 8)`.
    static void q40(byte[] in, int blocks, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int at = block * 18;
            int to = block * 32;
            float d = half(in, at);
            for (int i = 0; i < 16; i++) {
                int q = in[at + 2 + i];
                out[to + i] = d * ((q & 15) - 8);
                out[to + 16 + i] = d * (((q >> 4) & 15) - 8);
            }
        }
    }

    /// d, m, 16 bytes of nibbles; `d * q + m`.
    static void q41(byte[] in, int blocks, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int at = block * 20;
            int to = block * 32;
            float d = half(in, at);
            float m = half(in, at + 2);
            for (int i = 0; i < 16; i++) {
                int q = in[at + 4 + i];
                out[to + i] = d * (q & 15) + m;
                out[to + 16 + i] = d * ((q >> 4) & 15) + m;
            }
        }
    }

    /// d, 32 fifth bits, 16 bytes of nibbles; `d * (q - 16)`.
    static void q50(byte[] in, int blocks, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int at = block * 22;
            int to = block * 32;
            float d = half(in, at);
            int high = (int) INT.get(in, at + 2);
            for (int i = 0; i < 16; i++) {
                int q = in[at + 6 + i];
                out[to + i] = d * (((q & 15) | ((high >>> i) & 1) << 4) - 16);
                out[to + 16 + i] = d * ((((q >> 4) & 15) | ((high >>> (i + 16)) & 1) << 4) - 16);
            }
        }
    }

    /// d, m, 32 fifth bits, 16 bytes of nibbles; `d * q + m`.
    static void q51(byte[] in, int blocks, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int at = block * 24;
            int to = block * 32;
            float d = half(in, at);
            float m = half(in, at + 2);
            int high = (int) INT.get(in, at + 4);
            for (int i = 0; i < 16; i++) {
                int q = in[at + 8 + i];
                out[to + i] = d * ((q & 15) | ((high >>> i) & 1) << 4) + m;
                out[to + 16 + i] = d * (((q >> 4) & 15) | ((high >>> (i + 16)) & 1) << 4) + m;
            }
        }
    }

    /// d, 32 signed bytes; `d * q`.
    static void q80(byte[] in, int blocks, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int at = block * 34;
            int to = block * 32;
            float d = half(in, at);
            for (int i = 0; i < 32; i++) {
                out[to + i] = d * in[at + 2 + i];
            }
        }
    }

    /// Scale `run` of 0-7 in the 12 bytes of 6-bit pairs that Q4_K and Q5_K share.
    private static int scale(byte[] in, int at, int run) {
        return run < 4 ? in[at + run] & 63 : (in[at + run + 4] & 15) | ((in[at + run - 4] >> 2) & 48);
    }

    /// The offset that belongs to the same run.
    private static int offset(byte[] in, int at, int run) {
        return run < 4 ? in[at + run + 4] & 63 : ((in[at + run + 4] >> 4) & 15) | ((in[at + run] >> 2) & 48);
    }

    /// d, dmin, 8 pairs (scale, offset), nibbles of runs 2k (low) and 2k+1 (high) in 32 bytes;
    /// `(d * scale) * q - (dmin * offset)`.
    static void q4k(byte[] in, int blocks, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int at = block * 144;
            float d = half(in, at);
            float dmin = half(in, at + 2);
            for (int run = 0; run < 8; run++) {
                float runScale = d * scale(in, at + 4, run);
                float runOffset = dmin * offset(in, at + 4, run);
                int from = at + 16 + (run >> 1) * 32;
                int to = block * 256 + run * 32;
                int shift = (run & 1) * 4;
                for (int i = 0; i < 32; i++) {
                    out[to + i] = runScale * ((in[from + i] >> shift) & 15) - runOffset;
                }
            }
        }
    }

    /// As [#q4k], with 32 bytes of fifth bits: bit `run` of byte i belongs to value i of that run.
    static void q5k(byte[] in, int blocks, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int at = block * 176;
            float d = half(in, at);
            float dmin = half(in, at + 2);
            for (int run = 0; run < 8; run++) {
                float runScale = d * scale(in, at + 4, run);
                float runOffset = dmin * offset(in, at + 4, run);
                int high = at + 16;
                int from = at + 48 + (run >> 1) * 32;
                int to = block * 256 + run * 32;
                int shift = (run & 1) * 4;
                for (int i = 0; i < 32; i++) {
                    int q = ((in[from + i] >> shift) & 15) | ((in[high + i] >> run) & 1) << 4;
                    out[to + i] = runScale * q - runOffset;
                }
            }
        }
    }

    /// 128 bytes of nibbles, 64 of bit pairs, 16 signed scales (one for 16 values), d; `(d * scale) * (q - 32)`.
    static void q6k(byte[] in, int blocks, float[] out) {
        for (int block = 0; block < blocks; block++) {
            int at = block * 210;
            float d = half(in, at + 208);
            for (int run = 0; run < 8; run++) {
                int half = run >> 2;
                int low = at + half * 64 + (run & 1) * 32;
                int lowShift = ((run >> 1) & 1) * 4;
                int high = at + 128 + half * 32;
                int highShift = (run & 3) * 2;
                int to = block * 256 + run * 32;
                for (int i = 0; i < 32; i++) {
                    float runScale = d * in[at + 192 + run * 2 + (i >> 4)];
                    int q = ((in[low + i] >> lowShift) & 15) | ((in[high + i] >> highShift) & 3) << 4;
                    out[to + i] = runScale * (q - 32);
                }
            }
        }
    }
}
