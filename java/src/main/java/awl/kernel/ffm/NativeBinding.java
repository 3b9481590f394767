package awl.kernel.ffm;

import awl.NativeException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.lang.reflect.RecordComponent;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// Makes records of method handles: each component carries the [NativeSignature] of the C function
/// behind it.
final class NativeBinding {

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Map<FunctionDescriptor, MethodHandle> SHAPES = new ConcurrentHashMap<>();

    private NativeBinding() {}

    /// @param kernels of the library; components for others are null, any other missing symbol is an
    ///     error. Null: none may be missing
    static <R extends Record> R bind(Path path, SymbolLookup symbols, Class<R> record, @Nullable List<String> kernels) {
        RecordComponent[] components = record.getRecordComponents();
        @Nullable Object[] handles = new Object[components.length];
        for (int i = 0; i < components.length; i++) {
            NativeSignature signature = components[i].getAnnotation(NativeSignature.class);
            if (signature == null) {
                throw new IllegalStateException(record + "." + components[i].getName() + " has no signature");
            }
            if (kernels != null && !kernels.contains(signature.name().substring("awl_".length()))) {
                continue;
            }
            MemorySegment address = symbols.find(signature.name())
                    .orElseThrow(() -> new NativeException(path + ": no function " + signature.name()));
            handles[i] = MethodHandles.insertArguments(shape(signature), 0, address);
        }
        try {
            Constructor<R> constructor = record.getDeclaredConstructor(
                    Arrays.stream(components).map(RecordComponent::getType).toArray(Class<?>[]::new));
            constructor.setAccessible(true);
            return constructor.newInstance(handles);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("cannot make " + record, e);
        }
    }

    /// See [NativeLibrary#prepare].
    static void prepare(Class<? extends Record> record) {
        for (RecordComponent component : record.getRecordComponents()) {
            NativeSignature signature = component.getAnnotation(NativeSignature.class);
            if (signature != null) {
                shape(signature);
            }
        }
    }

    /// A call of such a signature, its first argument the function's address. Many kernels share one.
    private static MethodHandle shape(NativeSignature signature) {
        return SHAPES.computeIfAbsent(descriptor(signature), LINKER::downcallHandle);
    }

    private static FunctionDescriptor descriptor(NativeSignature signature) {
        MemoryLayout[] arguments =
                Arrays.stream(signature.arguments()).map(NativeBinding::layout).toArray(MemoryLayout[]::new);
        return FunctionDescriptor.of(layout(signature.returns()), arguments);
    }

    private static MemoryLayout layout(Class<?> type) {
        if (type == int.class) {
            return ValueLayout.JAVA_INT;
        }
        if (type == long.class) {
            return ValueLayout.JAVA_LONG;
        }
        if (type == double.class) {
            return ValueLayout.JAVA_DOUBLE;
        }
        if (type == MemorySegment.class) {
            return ValueLayout.ADDRESS;
        }
        throw new IllegalArgumentException("no C type for " + type);
    }
}
