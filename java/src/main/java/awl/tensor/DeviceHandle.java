package awl.tensor;

import awl.ConfigException;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Where tensors lie and are computed with. [DeviceChoice] says which one a command uses.
///
/// @param kind host memory, a CUDA device, or shapes alone
/// @param index of the CUDA device, else 0
public record DeviceHandle(Kind kind, int index) {

    public enum Kind {
        CPU,
        CUDA,
        /// libtorch's `meta`: sizes and dtypes without numbers. Nothing can be read from it, and an operation
        /// that mixes it with another device fails; tests find by that what is made or read in the wrong
        /// place.
        META
    }

    public static final DeviceHandle CPU = new DeviceHandle(Kind.CPU, 0);
    public static final DeviceHandle META = new DeviceHandle(Kind.META, 0);

    private static final int MOST = 127;
    private static final Map<DeviceHandle, DeviceOptional> NATIVE = new ConcurrentHashMap<>();

    public DeviceHandle {
        if (index < 0 || index > MOST || (kind != Kind.CUDA && index != 0)) {
            throw new ConfigException("device: expected cpu, cuda or cuda:N, found %s:%d".formatted(kind, index));
        }
    }

    public static DeviceHandle cuda(int index) {
        return new DeviceHandle(Kind.CUDA, index);
    }

    /// `cpu`, `cuda` (the first one) or `cuda:1`.
    public static DeviceHandle parse(String text) {
        if (text.equals("cpu")) {
            return CPU;
        }
        if (text.matches("cuda(:\\d{1,2})?")) {
            return cuda(text.length() > 4 ? Integer.parseInt(text.substring(5)) : 0);
        }
        throw new ConfigException("device: expected auto, cpu, cuda or cuda:N, found '" + text + "'");
    }

    /// Where a tensor lies.
    public static DeviceHandle of(Tensor tensor) {
        if (tensor.is_cpu()) {
            return CPU;
        }
        if (tensor.is_meta()) {
            return META;
        }
        try (Device device = tensor.device()) {
            return cuda(device.index());
        }
    }

    public boolean isCuda() {
        return kind == Kind.CUDA;
    }

    public boolean isCpu() {
        return kind == Kind.CPU;
    }

    /// For making a tensor here; the caller closes it.
    TensorOptions options(ScalarType dtype) {
        try (TensorOptions plain = new TensorOptions(dtype)) {
            return plain.device(nativeDevice());
        }
    }

    /// A tensor in this memory and dtype: the tensor itself where it is there already, else a copy. Belongs to the
    /// caller's scope. What comes from pinned memory is copied without waiting for it.
    public Tensor move(Tensor tensor, ScalarType dtype) {
        if (of(tensor).equals(this)) {
            return Tensors.dtype(tensor) == dtype ? tensor : tensor.to(dtype);
        }
        try (TensorOptions options = options(dtype);
                MemoryFormatOptional format = new MemoryFormatOptional()) {
            return tensor.to(options, isCuda() && tensor.is_pinned(), false, format);
        }
    }

    /// [#move] without a change of dtype.
    public Tensor move(Tensor tensor) {
        return move(tensor, Tensors.dtype(tensor));
    }

    private DeviceOptional nativeDevice() {
        return NATIVE.computeIfAbsent(this, handle -> {
            // Kept for the life of the process, whatever scope is open now.
            Device device = new Device(handle.toString());
            DeviceOptional optional = new DeviceOptional(device);
            device.retainReference();
            optional.retainReference();
            return optional;
        });
    }

    /// As in configurations and in libtorch: `cpu`, `cuda:0`, `meta`.
    @Override
    public String toString() {
        String name = kind.name().toLowerCase(Locale.ROOT);
        return isCuda() ? name + ":" + index : name;
    }
}
