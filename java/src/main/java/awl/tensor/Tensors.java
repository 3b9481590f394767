package awl.tensor;

import java.util.Arrays;
import org.bytedeco.javacpp.DoublePointer;
import org.bytedeco.javacpp.FloatPointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
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

    /// Uninitialised memory on a device.
    public static Tensor empty(DeviceHandle device, ScalarType dtype, long... shape) {
        if (device.isCpu()) {
            return empty(dtype, shape);
        }
        try (TensorOptions options = device.options(dtype);
                MemoryFormatOptional format = new MemoryFormatOptional()) {
            return torch.empty(shape, options, format);
        }
    }

    public static Tensor zeros(DeviceHandle device, ScalarType dtype, long... shape) {
        Tensor made = empty(device, dtype, shape);
        made.zero_();
        return made;
    }

    /// Uninitialised memory of another shape, beside a tensor: on its device.
    public static Tensor beside(Tensor tensor, ScalarType dtype, long... shape) {
        return tensor.is_cpu() ? empty(dtype, shape) : empty(DeviceHandle.of(tensor), dtype, shape);
    }

    /// [#beside] in the tensor's own dtype.
    public static Tensor like(Tensor tensor, long... shape) {
        return beside(tensor, dtype(tensor), shape);
    }

    /// [#beside], zeroed.
    public static Tensor zerosBeside(Tensor tensor, ScalarType dtype, long... shape) {
        Tensor made = beside(tensor, dtype, shape);
        made.zero_();
        return made;
    }

    /// Indices on a device.
    public static Tensor indices(DeviceHandle device, int... values) {
        return uploaded(device, indices(values));
    }

    /// Numbers on a device, float32.
    public static Tensor floats(DeviceHandle device, float... values) {
        return uploaded(device, floats(values));
    }

    /// Numbers on a device, float64.
    public static Tensor doubles(DeviceHandle device, double... values) {
        return uploaded(device, doubles(values));
    }

    /// Whole numbers on a device, int64.
    public static Tensor longs(DeviceHandle device, long... values) {
        return uploaded(device, longs(values));
    }

    /// By pinned memory, so that the copy waits for nothing and nothing waits for it; libtorch keeps the pinned block
    /// until the copy is done.
    private static Tensor uploaded(DeviceHandle device, Tensor host) {
        if (device.isCpu()) {
            return host;
        }
        try (host;
                Tensor staged = device.isCuda() ? host.pin_memory() : host.alias()) {
            return device.move(staged);
        }
    }

    /// Rows of a matrix, or numbers of a vector, by int64 indices on its device.
    public static Tensor rows(Tensor from, Tensor indices) {
        if (from.is_meta()) {
            // libtorch has no shape inference for its own index_select.
            long[] shape = Shapes.of(from);
            shape[0] = indices.size(0);
            return like(from, shape);
        }
        return torch.index_select(from, 0, indices);
    }

    /// int64, as indices are.
    public static Tensor indices(int... values) {
        long[] wide = new long[values.length];
        for (int i = 0; i < values.length; i++) {
            wide[i] = values[i];
        }
        return longs(wide);
    }

    private static Tensor longs(long... values) {
        try (TensorOptions options = new TensorOptions(ScalarType.Long)) {
            return torch.tensor(values, options);
        }
    }

    /// 0 to `count - 1` in int64, beside a tensor.
    public static Tensor places(Tensor tensor, long count) {
        try (Scalar one = new Scalar(1L)) {
            return beside(tensor, ScalarType.Long, count).fill_(one).cumsum(0).sub_(one);
        }
    }

    public static Tensor floats(float... values) {
        try (TensorOptions options = new TensorOptions(ScalarType.Float)) {
            return torch.tensor(values, options);
        }
    }

    public static Tensor doubles(double... values) {
        Tensor tensor = empty(ScalarType.Double, values.length);
        if (values.length > 0) {
            try (DoublePointer at = tensor.data_ptr_double()) {
                at.put(values);
            }
        }
        return tensor;
    }

    /// The values of a float64 vector; waits for the device.
    public static double[] doubles(Tensor vector) {
        double[] values = new double[Math.toIntExact(vector.numel())];
        if (values.length > 0) {
            try (TensorScope scope = TensorScope.open();
                    DoublePointer at = vector.cpu().contiguous().data_ptr_double()) {
                at.get(values);
            }
        }
        return values;
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
