package awl.benchmarks;

import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    /// Threads of libtorch, OpenBLAS and the kernels alike: property `awl.threads`.
    static int threads() {
        return Integer.getInteger("awl.threads", Runtime.getRuntime().availableProcessors());
    }

    /// One line: processor, cores, JDK, libtorch, commit.
    static String describe() {
        String processor = lines("/proc/cpuinfo").stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 1).strip())
                .findFirst()
                .orElse(System.getProperty("os.arch", "unknown"));
        return "%s, %d cores, %d threads, JDK %s, libtorch %s, commit %s"
                .formatted(
                        processor,
                        Runtime.getRuntime().availableProcessors(),
                        threads(),
                        Runtime.version(),
                        torch.class.getPackage().getImplementationVersion(),
                        commit());
    }

    /// Other work on the machine, from /proc/loadavg: the average of the last minute.
    static String load() {
        List<String> line = lines("/proc/loadavg");
        return line.isEmpty() ? "unknown" : line.getFirst().split(" ")[0];
    }

    private static String commit() {
        try {
            Process git = new ProcessBuilder("git", "-C", home().toString(), "describe", "--always", "--dirty")
                    .redirectErrorStream(true)
                    .start();
            String text =
                    new String(git.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).strip();
            return git.waitFor() == 0 ? text : "unknown";
        } catch (IOException e) {
            return "unknown";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "unknown";
        }
    }

    /// Resets the mark of the greatest resident size, which Linux keeps for a process.
    static void resetPeak() {
        try {
            Files.writeString(Path.of("/proc/self/clear_refs"), "5");
        } catch (IOException e) {
            throw new UncheckedIOException("peak memory cannot be measured here", e);
        }
    }

    static double residentMib() {
        return statusMib("VmRSS:");
    }

    static double peakMib() {
        return statusMib("VmHWM:");
    }

    private static double statusMib(String field) {
        return lines("/proc/self/status").stream()
                .filter(line -> line.startsWith(field))
                .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElse(Double.NaN);
    }

    private static List<String> lines(String file) {
        try {
            return Files.readAllLines(Path.of(file));
        } catch (IOException e) {
            return List.of();
        }
    }
}
