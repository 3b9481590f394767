package awl.model.gguf;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Plain formats and the blocks of 32 values. `d` is a block's scale, `m` its minimum, both float16.
final class Dequantize {

    private static final VarHandle SHORT = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private Dequantize() {}

    static float half(byte[] from, int at) {
        return Float.float16ToFloat((short) SHORT.get(from, at));
    }

    static int int32(byte[] from, int at) {
        return (int) INT.get(from, at);
    }

    static void f32(byte[] from, int blocks, float[] to) {
        for (int i = 0; i < blocks; i++) {
            to[i] = Float.intBitsToFloat(int32(from, 4 * i));
        }
    }

    static void f16(byte[] from, int blocks, float[] to) {
        for (int i = 0; i < blocks; i++) {
            to[i] = half(from, 2 * i);
        }
    }

    static void bf16(byte[] from, int blocks, float[] to) {
        for (int i = 0; i < blocks; i++) {
            to[i] = Float.intBitsToFloat((short) SHORT.get(from, 2 * i) << 16);
        }
    }

    static void q4v0(byte[] from, int blocks, float[] to) {
        for (int b = 0; b < blocks; b++) {
            int at = b * 18;
            int out = b * 32;
            float d = half(from, at);
            for (int i = 0; i < 16; i++) {
                int q = from[at + 2 + i];
                to[out + i] = d * ((q & 15) - 8);
                to[out + 16 + i] = d * (((q >> 4) & 15) - 8);
            }
        }
    }

    static void q4v1(byte[] from, int blocks, float[] to) {
        for (int b = 0; b < blocks; b++) {
            int at = b * 20;
            int out = b * 32;
            float d = half(from, at);
            float m = half(from, at + 2);
            for (int i = 0; i < 16; i++) {
                int q = from[at + 4 + i];
                to[out + i] = d * (q & 15) + m;
                to[out + 16 + i] = d * ((q >> 4) & 15) + m;
            }
        }
    }

    static void q5v0(byte[] from, int blocks, float[] to) {
        for (int b = 0; b < blocks; b++) {
            int at = b * 22;
            int out = b * 32;
            float d = half(from, at);
            int high = int32(from, at + 2);
            for (int i = 0; i < 16; i++) {
                int q = from[at + 6 + i];
                to[out + i] = d * (((q & 15) | ((high >>> i) & 1) << 4) - 16);
                to[out + 16 + i] = d * ((((q >> 4) & 15) | ((high >>> (16 + i)) & 1) << 4) - 16);
            }
        }
    }

    static void q5v1(byte[] from, int blocks, float[] to) {
        for (int b = 0; b < blocks; b++) {
            int at = b * 24;
            int out = b * 32;
            float d = half(from, at);
            float m = half(from, at + 2);
            int high = int32(from, at + 4);
            for (int i = 0; i < 16; i++) {
                int q = from[at + 8 + i];
                to[out + i] = d * ((q & 15) | ((high >>> i) & 1) << 4) + m;
                to[out + 16 + i] = d * (((q >> 4) & 15) | ((high >>> (16 + i)) & 1) << 4) + m;
            }
        }
    }

    static void q8v0(byte[] from, int blocks, float[] to) {
        for (int b = 0; b < blocks; b++) {
            int at = b * 34;
            int out = b * 32;
            float d = half(from, at);
            for (int i = 0; i < 32; i++) {
                to[out + i] = d * from[at + 2 + i];
            }
        }
    }
}
