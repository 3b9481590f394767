package awl.cli;

import awl.NativeException;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.kernel.NativeKernels;
import awl.tensor.DeviceChoice;
import awl.tensor.DeviceHandle;
import awl.tensor.LibTorch;
import awl.tensor.Threads;
import awl.token.HuggingFaceTokenizer;
import awl.tool.mujoco.Mujoco;
import awl.train.Machine;
import awl.train.PrecisionChoice;
import java.io.File;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// Looks at everything a run depends on; each look catches its own failure, so that one broken part does not hide the
/// others.
final class Diagnosis {

    private static final long GIB = 1L << 30;
    private static final long ENOUGH_DISK = 2 * GIB;
    private static final long ENOUGH_MEMORY = 3 * GIB;

    private final List<Finding> findings = new ArrayList<>();

    /// All findings, in the order they are printed.
    static List<Finding> run() {
        Diagnosis diagnosis = new Diagnosis();
        diagnosis.java();
        diagnosis.machine();
        diagnosis.libtorch();
        diagnosis.kernels();
        diagnosis.tokenizers();
        diagnosis.tools();
        return List.copyOf(diagnosis.findings);
    }

    private void java() {
        int feature = Runtime.version().feature();
        String found =
                System.getProperty("java.vm.vendor") + " " + Runtime.version() + ", " + System.getProperty("java.home");
        findings.add(
                feature >= 25
                        ? Finding.ok("Java", "JDK", found)
                        : Finding.broken("Java", "JDK", found, "install a JDK 25 and set AWL_JAVA_HOME to its folder"));
        List<String> options = ManagementFactory.getRuntimeMXBean().getInputArguments();
        String cache = options.stream()
                .filter(option -> option.startsWith("-XX:AOTCache="))
                .map(option -> option.substring("-XX:AOTCache=".length()))
                .findFirst()
                .orElse(null);
        if (cache != null && Files.exists(Path.of(cache))) {
            findings.add(Finding.ok("Java", "AOT cache", cache + " in use: classes need not be parsed and linked"));
        } else {
            findings.add(
                    Finding.note(
                            "Java",
                            "AOT cache",
                            "none: a command starts about a second later",
                            "start through ./awl, which makes one right after a build; java/target/aot.log says why where it could not"));
        }
        findings.add(Finding.ok(
                "Java",
                "heap",
                mebibytes(Runtime.getRuntime().maxMemory()) + " at most (tensors live" + " outside of it)"));
    }

    private void machine() {
        findings.add(Finding.ok("Machine", "processor", Machine.processor()));
        findings.add(Finding.ok("Machine", "instructions", instructions()));
        findings.add(Finding.ok(
                "Machine", "cores", String.valueOf(Runtime.getRuntime().availableProcessors())));
        memory();
        Path here = Path.of("").toAbsolutePath();
        disk("disk here", here);
        disk("disk for libtorch", LibTorch.cache());
    }

    private void memory() {
        if (!(ManagementFactory.getOperatingSystemMXBean()
                instanceof com.sun.management.OperatingSystemMXBean system)) {
            findings.add(Finding.note("Machine", "memory", "this JVM does not say", "use a HotSpot JDK"));
            return;
        }
        long total = system.getTotalMemorySize(); // that of the container, where there is one
        String value = "%s, %s free".formatted(mebibytes(total), mebibytes(system.getFreeMemorySize()));
        findings.add(
                total >= ENOUGH_MEMORY
                        ? Finding.ok("Machine", "memory", value)
                        : Finding.note("Machine", "memory", value, "awl quickstart wants 3 GiB, larger models more"));
    }

    private void disk(String name, Path folder) {
        try {
            Path there = folder.toAbsolutePath();
            while (!Files.exists(there) && there.getParent() != null) {
                there = there.getParent();
            }
            long free = Files.getFileStore(there).getUsableSpace();
            String value = "%s free in %s".formatted(mebibytes(free), there);
            findings.add(
                    free >= ENOUGH_DISK
                            ? Finding.ok("Machine", name, value)
                            : Finding.note("Machine", name, value, "free 2 GiB, or work in another folder"));
        } catch (IOException e) {
            findings.add(Finding.note("Machine", name, "unknown: " + e, "see whether the folder can be read"));
        }
    }

    private static String instructions() {
        List<String> wanted = List.of("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve");
        try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
            List<String> flags = lines.filter(line -> line.startsWith("flags") || line.startsWith("Features"))
                    .findFirst()
                    .map(line -> List.of(
                            line.substring(line.indexOf(':') + 1).strip().split("\\s+")))
                    .orElse(List.of());
            String found = wanted.stream().filter(flags::contains).collect(Collectors.joining(" "));
            return found.isEmpty() ? "none of " + String.join(" ", wanted) : found;
        } catch (IOException | RuntimeException e) {
            return System.getProperty("os.arch") + " (the system does not say more)";
        }
    }

    private void libtorch() {
        String jar = jar("pytorch-", Diagnosis::isNative);
        try {
            LibTorch.await();
            try (PointerScope scope = new PointerScope()) {
                Tensor product = torch.ones(2, 3).matmul(torch.ones(3, 2));
                if (product.sum().item_double() != 12.0) {
                    throw new NativeException("a product of ones came out wrong");
                }
            }
            findings.add(Finding.ok(
                    "libtorch",
                    "library",
                    (jar == null ? "version unknown" : version(jar)) + ", unpacked in " + LibTorch.cache()));
        } catch (RuntimeException | LinkageError e) {
            findings.add(Finding.broken(
                    "libtorch",
                    "library",
                    "does not work: " + e.getMessage(),
                    "see that " + LibTorch.cache() + " can be written and has room for 500 MB, then try again;"
                            + " AWL needs Linux on x86-64 with glibc"));
            return;
        }
        DeviceChoice device = DeviceChoice.here("auto");
        findings.add(device(device));
        findings.add(Finding.ok("libtorch", "threads", Threads.count() + " compute; OpenBLAS " + Threads.openBlas()));
    }

    /// A note only where there is a GPU that is not used.
    private static Finding device(DeviceChoice chosen) {
        DeviceChoice.Facts facts = DeviceChoice.facts();
        boolean idle = chosen.device().isCpu() && (facts.natives() || facts.driver());
        return idle
                ? Finding.note("libtorch", "device", chosen.toString(), "or leave it: everything runs on the CPU too")
                : Finding.ok("libtorch", "device", chosen.toString());
    }

    private void kernels() {
        try {
            DeviceHandle device = DeviceChoice.here("auto").device();
            List<KernelSelection.Candidate> candidates =
                    KernelSelection.search(System::getProperty, System::getenv, device);
            KernelSelection chosen = KernelSelection.choose(KernelSelection.Wanted.AUTO, candidates);
            Kernels kernels = chosen.open();
            findings.add(Finding.ok("Kernels", "sampling", "by " + kernels.sampler(device)));
            PrecisionChoice precision = PrecisionChoice.of("auto", device, kernels);
            findings.add(Finding.ok("Kernels", "precision", precision.precision() + " (" + precision.reason() + ")"));
            if (chosen.library() == null) {
                findings.add(Finding.note(
                        "Kernels",
                        "native",
                        chosen.toString(),
                        "install CMake and a C++17 compiler and run cmake/build-native.sh (or name a library with"
                                + " AWL_NATIVE_PATH); without it training is slower"));
                return;
            }
            NativeKernels open = NativeKernels.open(chosen.library());
            findings.add(Finding.ok(
                    "Kernels",
                    "native",
                    "%s, %s (%s)".formatted(open.library().instructionSet(), chosen.library(), chosen.reason())));
            findings.add(Finding.ok(
                    "Kernels", "kernels", String.join(" ", open.library().kernels())));
        } catch (RuntimeException | LinkageError e) {
            findings.add(Finding.note("Kernels", "native", "unknown: " + e.getMessage(), "repair libtorch first"));
        }
    }

    private void tokenizers() {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(
                "{\"model\":{\"type\":\"WordLevel\",\"vocab\":{\"a\":0},\"unk_token\":\"a\"}}",
                "a tokenizer of one word")) {
            tokenizer.encode("a", false);
            String jar = jar("tokenizers-", name -> true);
            findings.add(Finding.ok("Text", "tokenizers", jar == null ? "works" : version(jar)));
        } catch (RuntimeException | LinkageError e) {
            findings.add(Finding.broken(
                    "Text",
                    "tokenizers",
                    "does not work: " + e.getMessage(),
                    "see that " + System.getProperty("user.home") + "/.djl.ai can be written; AWL needs glibc"));
        }
    }

    private void tools() {
        program("cmake", "cmake", "only needed to build the native kernels");
        program("C++ compiler", "c++", "only needed to build the native kernels");
        program("nvcc", "nvcc", "only needed to build the CUDA kernels");
        program("python3", "python3", "only needed for the tool `python` and the baselines in benchmarks/peers");
        findings.add(
                Mujoco.missing().isEmpty()
                        ? Finding.ok(
                                "Optional",
                                "MuJoCo",
                                "version " + Mujoco.library().version())
                        : Finding.note(
                                "Optional",
                                "MuJoCo",
                                "not there",
                                Mujoco.missing() + "; only the tool `multibody` needs it"));
    }

    private void program(String name, String command, String advice) {
        Path found = onPath(command);
        findings.add(
                found == null
                        ? Finding.note("Optional", name, "not there", advice)
                        : Finding.ok("Optional", name, firstLine(found) + " (" + found + ")"));
    }

    private static @Nullable Path onPath(String command) {
        String path = System.getenv().getOrDefault("PATH", "");
        for (String folder : path.split(File.pathSeparator, -1)) {
            Path candidate = Path.of(folder.isEmpty() ? "." : folder, command);
            if (Files.isExecutable(candidate) && !Files.isDirectory(candidate)) {
                return candidate;
            }
        }
        return null;
    }

    /// What a program says of its version; a program that does not answer is ended.
    private static String firstLine(Path program) {
        try {
            Process process = new ProcessBuilder(program.toString(), "--version")
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.PIPE)
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                return "does not answer";
            }
            String said = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
            return said.lines().findFirst().orElse("says nothing");
        } catch (IOException e) {
            return "cannot be run: " + e.getMessage();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "was interrupted";
        }
    }

    private static boolean isNative(String jar) {
        return jar.contains("-linux-") || jar.contains("-macosx-") || jar.contains("-windows-");
    }

    /// Name of a jar on the class path.
    private static @Nullable String jar(String prefix, java.util.function.Predicate<String> fits) {
        for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator, -1)) {
            Path name = Path.of(entry).getFileName();
            if (name != null && name.toString().startsWith(prefix) && fits.test(name.toString())) {
                return name.toString();
            }
        }
        return null;
    }

    private static String version(String jar) {
        String[] parts = jar.replace(".jar", "").split("-", 3);
        return parts.length < 2 ? jar : parts[1] + " (" + jar + ")";
    }

    private static String mebibytes(long bytes) {
        return bytes >= 4 * GIB
                ? String.format(Locale.ROOT, "%.1f GiB", (double) bytes / GIB)
                : String.format(Locale.ROOT, "%d MiB", bytes >> 20);
    }
}
