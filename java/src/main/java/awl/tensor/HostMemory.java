package awl.tensor;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What this process holds of the machine's memory, as Linux counts it: the resident size and its
/// high-water mark. Tensors lie outside of the Java heap, so nothing in the JVM knows them.
///
/// On other systems nothing is known, and everything here says so by NaN.
public final class HostMemory {

    private static final double MIB = 1024.0;
    private static final @Nullable MethodHandle TRIM = find();

    private HostMemory() {}

    /// Mebibytes resident now.
    public static double residentMib() {
        return statusMib("VmRSS:");
    }

    /// Most mebibytes resident since [#resetPeak], or since the start.
    public static double peakMib() {
        return statusMib("VmHWM:");
    }

    /// Begins a new high-water mark.
    ///
    /// @return whether the system allows it
    public static boolean resetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /// Gives memory that the C library keeps for later back to the system, so that taking it again is seen.
    public static void trim() {
        MethodHandle trim = TRIM;
        if (trim != null) {
            try {
                int _ = (int) trim.invokeExact(0L);
            } catch (Throwable e) {
                throw new awl.NativeException("malloc_trim failed", e);
            }
        }
    }

    private static @Nullable MethodHandle find() {
        Linker linker = Linker.nativeLinker();
        MemorySegment function = linker.defaultLookup().find("malloc_trim").orElse(MemorySegment.NULL);
        return function.address() == 0
                ? null // not glibc
                : linker.downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG));
    }

    private static double statusMib(String field) {
        try {
            List<String> lines = Files.readAllLines(Path.of("/proc/self/status"));
            return lines.stream()
                    .filter(line -> line.startsWith(field))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / MIB)
                    .findFirst()
                    .orElse(Double.NaN);
        } catch (IOException e) {
            return Double.NaN;
        }
    }
}
