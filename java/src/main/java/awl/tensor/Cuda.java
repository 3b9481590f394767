package awl.tensor;

import awl.NativeException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Method;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;

/// What is asked of libtorch's CUDA half. Its classes need NVIDIA's driver as soon as they are loaded, and
/// mention types that the CPU build does not have: so they are called by name, and only where [#isAvailable].
public final class Cuda {

    private static final Map<Integer, Integer> PROCESSORS = new ConcurrentHashMap<>();

    private Cuda() {}

    /// Whether libtorch can compute on a device.
    public static boolean isAvailable() {
        return torch.cuda_is_available();
    }

    /// Address of the stream that libtorch launches on now; 0, the default stream, also where there is no device.
    public static long currentStream() {
        if (!isAvailable()) {
            return 0;
        }
        try (PointerScope _ = new PointerScope()) {
            Pointer stream = (Pointer) Bound.STREAM.invoke(Bound.CURRENT.invoke());
            return stream == null ? 0 : stream.address();
        } catch (Throwable e) {
            throw failed("the current stream", e);
        }
    }

    /// Makes a device this thread's own: what is launched without naming one goes there. The first one is from
    /// the start.
    public static void use(DeviceHandle device) {
        if (device.isCuda() && device.index() > 0) {
            try {
                Bound.SET_DEVICE.invoke((byte) device.index());
            } catch (Throwable e) {
                throw failed("set_device(" + device + ")", e);
            }
        }
    }

    /// Waits until a device has done all that was asked of it; nothing where it is no CUDA device.
    public static void await(DeviceHandle device) {
        if (device.isCuda()) {
            torch.cuda_synchronize(device.index());
        }
    }

    /// What a device calls itself, such as `NVIDIA H200`.
    public static String name(DeviceHandle device) {
        try (PointerScope _ = new PointerScope()) {
            Object properties = Bound.call("getDeviceProperties", byte.class, (byte) device.index());
            return ((BytePointer) call(properties, "name")).getString();
        } catch (ReflectiveOperationException e) {
            throw failed("the device's properties", e);
        }
    }

    /// Multiprocessors of a device.
    public static int multiprocessors(DeviceHandle device) {
        return PROCESSORS.computeIfAbsent(device.index(), index -> {
            try (PointerScope _ = new PointerScope()) {
                Object properties = Bound.call("getDeviceProperties", byte.class, index.byteValue());
                return (int) call(properties, "multiProcessorCount");
            } catch (ReflectiveOperationException e) {
                throw failed("the device's properties", e);
            }
        });
    }

    /// Most bytes that tensors took on a device since [#resetPeak], as libtorch's caching allocator counts
    /// them; 0 where it is no CUDA device.
    public static long peakBytes(DeviceHandle device) {
        return device.isCuda() ? allocated(device, "peak") : 0;
    }

    /// Bytes that tensors take on a device now; 0 where it is no CUDA device.
    public static long allocatedBytes(DeviceHandle device) {
        return device.isCuda() ? allocated(device, "current") : 0;
    }

    private static long allocated(DeviceHandle device, String which) {
        try (PointerScope _ = new PointerScope()) {
            Object allocator = Bound.ALLOCATOR.invoke();
            Object stats = call(allocator, "getDeviceStats", byte.class, (byte) device.index());
            return (long) call(call(stats, "allocated_bytes"), which);
        } catch (Throwable e) {
            throw failed("the allocator's statistics", e);
        }
    }

    /// Bytes that are free on a device, for every program that uses it; what libtorch's allocator keeps for later
    /// counts
    /// as taken.
    public static long freeBytes(DeviceHandle device) {
        try (PointerScope _ = new PointerScope()) {
            Object allocator = Bound.ALLOCATOR.invoke();
            return (long) call(call(allocator, "getMemoryInfo", byte.class, (byte) device.index()), "first");
        } catch (Throwable e) {
            throw failed("the device's free memory", e);
        }
    }

    /// Begins to count [#peakBytes] anew.
    public static void resetPeak(DeviceHandle device) {
        if (device.isCuda()) {
            try (PointerScope _ = new PointerScope()) {
                call(Bound.ALLOCATOR.invoke(), "resetPeakStats", byte.class, (byte) device.index());
            } catch (Throwable e) {
                throw failed("the allocator's statistics", e);
            }
        }
    }

    private static Object call(Object on, String method) throws ReflectiveOperationException {
        return on.getClass().getMethod(method).invoke(on);
    }

    private static Object call(Object on, String method, Class<?> type, Object argument)
            throws ReflectiveOperationException {
        Method found = on.getClass().getMethod(method, type);
        return found.invoke(on, argument);
    }

    private static NativeException failed(String what, Throwable cause) {
        return new NativeException("CUDA: " + what + ": " + cause, cause);
    }

    /// Loaded when first used, which is never without a device.
    private static final class Bound {

        private static final Class<?> STREAM_TYPE = type("org.bytedeco.pytorch.cuda.CUDAStream");
        private static final Class<?> GLOBAL = type("org.bytedeco.pytorch.global.torch_cuda");
        static final MethodHandle CURRENT = handle("getCurrentCUDAStream", MethodType.methodType(STREAM_TYPE));
        static final MethodHandle SET_DEVICE = handle("set_device", MethodType.methodType(void.class, byte.class));
        static final MethodHandle ALLOCATOR =
                handle("getAllocator", MethodType.methodType(type("org.bytedeco.pytorch.cuda.CUDAAllocator")));
        static final MethodHandle STREAM = stream();

        static Object call(String method, Class<?> type, Object argument) throws ReflectiveOperationException {
            return GLOBAL.getMethod(method, type).invoke(null, argument);
        }

        private static Class<?> type(String name) {
            try {
                return Class.forName(name);
            } catch (ClassNotFoundException e) {
                throw failed("no class " + name, e);
            }
        }

        private static MethodHandle handle(String method, MethodType type) {
            try {
                return MethodHandles.publicLookup().findStatic(GLOBAL, method, type);
            } catch (ReflectiveOperationException e) {
                throw failed("no method " + method, e);
            }
        }

        private static MethodHandle stream() {
            try {
                return MethodHandles.publicLookup().unreflect(STREAM_TYPE.getMethod("stream"));
            } catch (ReflectiveOperationException e) {
                throw failed("no method stream", e);
            }
        }
    }
}
