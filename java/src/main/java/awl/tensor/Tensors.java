package awl.tensor;

import java.util.Arrays;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Making tensors: from Java arrays, empty ones, views.
public final class Tensors {

    private static final ScalarType[] DTYPES = new ScalarType[64];

    static {
        for (ScalarType each : ScalarType.values()) {
            if (each.value >= 0) {
                DTYPES[each.value] = each;
            }
        }
    }

    private Tensors() {}

    /// The number format of a tensor, as the constant that `==` works with: what libtorch hands out is another
    /// object.
    public static ScalarType dtype(Tensor tensor) {
        return DTYPES[tensor.scalar_type().value];
    }

    /// Uninitialised memory.
    public static Tensor empty(ScalarType dtype, long... shape) {
        try (TensorOptions options = new TensorOptions(dtype);
                MemoryFormatOptional format = new MemoryFormatOptional()) {
            return torch.empty(shape, options, format);
        }
    }

    public static Tensor zeros(ScalarType dtype, long... shape) {
        Tensor made = empty(dtype, shape);
        made.zero_();
        return made;
    }

    /// int64, as indices are.
    public static Tensor indices(int... values) {
        long[] wide = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        try (TensorOptions options = new TensorOptions(ScalarType.Long)) {
            return torch.tensor(wide, options);
        }
    }

    public static Tensor floats(float... values) {
        try (TensorOptions options = new TensorOptions(ScalarType.Float)) {
            return torch.tensor(values, options);
        }
    }

    /// The values of a tensor as float32, in row-major order; waits for the device.
    public static float[] array(Tensor tensor) {
        float[] values = new float[Math.toIntExact(tensor.numel())];
        if (values.length > 0) {
            try (TensorScope scope = TensorScope.open();
                    FloatPointer at =
                            tensor.to(ScalarType.Float).cpu().contiguous().data_ptr_float()) {
                at.get(values);
            }
        }
        return values;
    }

    /// The values of an int64 vector; waits for the device.
    public static int[] integers(Tensor indices) {
        long[] wide = new long[Math.toIntExact(indices.numel())];
        int[] values = new int[wide.length];
        if (wide.length > 0) {
            try (TensorScope scope = TensorScope.open();
                    LongPointer at = indices.cpu().contiguous().data_ptr_long()) {
                at.get(wide);
            }
            Arrays.setAll(values, i -> Math.toIntExact(wide[i]));
        }
        return values;
    }

    /// A view with sizes and strides of one's own.
    ///
    /// @param offset elements behind the first one of `base`
    public static Tensor strided(Tensor base, long[] sizes, long[] strides, long offset) {
        try (LongOptional at = new LongOptional(base.storage_offset() + offset)) {
            return base.as_strided(sizes, strides, at);
        }
    }
}
