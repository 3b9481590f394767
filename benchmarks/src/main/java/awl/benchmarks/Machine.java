package awl.benchmarks;

import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.HostMemory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// What a result depends on besides the code.
final class Machine {

    private Machine() {}

    static Path home() {
        return Path.of(System.getProperty("awl.home", ".")).toAbsolutePath();
    }

    static Path library() {
        return home().resolve("native/build/cpu/libawl_cpu.so");
    }

    /// `native` or `reference`.
    static Kernels kernels(String provider) {
        return switch (provider) {
            case "native" -> new KernelSelection(library(), "to be measured").open();
            case "reference" -> new TorchKernels();
            default -> throw new IllegalArgumentException("no kernels called " + provider);
        };
    }

    /// Stops a benchmark whose result is wrong.
    ///
    /// @param what such as `native: the result`
    static void requireSame(String what, Tensor got, Tensor expected, double relative, double absolute) {
        if (!torch.allclose(got, expected, relative, absolute, false)) {
            throw new AssertionError(what + " differs from the reference");
        }
    }

    /// Threads of libtorch, OpenBLAS and the kernels alike: property `awl.threads`.
    static int threads() {
        return Integer.getInteger("awl.threads", Runtime.getRuntime().availableProcessors());
    }

    /// One line: processor, cores, JDK, libtorch, commit.
    static String describe() {
        return "%s, %d cores, %d threads, JDK %s, libtorch %s, commit %s"
                .formatted(
                        awl.train.Machine.processor(),
                        Runtime.getRuntime().availableProcessors(),
                        threads(),
                        Runtime.version(),
                        torch.class.getPackage().getImplementationVersion(),
                        awl.train.Machine.commit());
    }

    /// Other work on the machine, from /proc/loadavg: the average of the last minute.
    static String load() {
        List<String> line = lines("/proc/loadavg");
        return line.isEmpty() ? "unknown" : line.getFirst().split(" ")[0];
    }

    /// Begins a new high-water mark of the resident size.
    static void resetPeak() {
        if (!HostMemory.resetPeak()) {
            throw new IllegalStateException("peak memory cannot be measured here");
        }
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            return List.of();
        }
    }
}
