package awl.tensor;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The machine's memory and what this process holds of it, as Linux counts them. Tensors lie outside of the Java heap,
/// so nothing in the JVM knows them.
///
/// On other systems nothing is known, and everything here says how it says so.
public final class HostMemory {

    private static final double MIB = 1 << 20;
    private static final long UNKNOWN_FREE = 2L << 30;
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final Path MACHINE = Path.of("/proc/meminfo");

    private static final @Nullable MethodHandle TRIM = find();

    private HostMemory() {}

    /// Mebibytes resident now; NaN where the system does not say.
    public static double residentMib() {
        return mib(bytes(STATUS, "VmRSS:"));
    }

    /// Most mebibytes resident since [#resetPeak], or since the start; NaN where the system does not say.
    public static double peakMib() {
        return mib(bytes(STATUS, "VmHWM:"));
    }

    /// The same in bytes; 0 where the system does not say.
    public static long peakBytes() {
        return bytes(STATUS, "VmHWM:").orElse(0);
    }

    /// Bytes that programs may still take; 2 GiB where the system does not say.
    public static long freeBytes() {
        return bytes(MACHINE, "MemAvailable:").orElse(UNKNOWN_FREE);
    }

    /// Bytes of the whole machine; 0 where the system does not say.
    public static long totalBytes() {
        return bytes(MACHINE, "MemTotal:").orElse(0);
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

    private static double mib(OptionalLong bytes) {
        return bytes.isPresent() ? bytes.getAsLong() / MIB : Double.NaN;
    }

    /// A line such as `VmRSS:     1234 kB`.
    private static OptionalLong bytes(Path file, String field) {
        try (Stream<String> lines = Files.lines(file)) {
            return lines.filter(line -> line.startsWith(field))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                    .findFirst();
        } catch (IOException | UncheckedIOException | NumberFormatException e) {
            return OptionalLong.empty();
        }
    }
}
