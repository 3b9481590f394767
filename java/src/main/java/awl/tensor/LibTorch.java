package awl.tensor;

import awl.NativeException;
import java.io.File;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.bytedeco.javacpp.Loader;
import org.jspecify.annotations.Nullable;

/// Loads libtorch, and quickly where it has been unpacked before.
///
/// JavaCPP's own loader looks for some forty optional CUDA libraries, loads two more copies of OpenBLAS, and
/// repeats a part of the search for every class of the binding: three quarters of the start-up of a short
/// command. So the first start goes through JavaCPP (which unpacks) and notes the files it ended with beside
/// its cache; later ones load those files directly and tell JavaCPP that nothing is left to load. Any doubt
/// (another jar, size or time of a file, a GPU build) leads back to JavaCPP.
///
/// A program that wants this calls [#begin] before it touches a class of `org.bytedeco`; everything works
/// without, only slower.
public final class LibTorch {

    /// Set to false, this property makes JavaCPP's `Loader.load` return without doing anything.
    private static final String JAVACPP_LOADS = "org.bytedeco.javacpp.loadLibraries";

    /// In this order every library finds the ones it needs already loaded.
    static final List<String> FILES = List.of(
            "libjnijavacpp.so",
            "libgcc_s.so.1",
            "libquadmath.so.0",
            "libgfortran.so.5",
            "libopenblas.so.0",
            "libgomp.so.1",
            "libc10.so",
            "libtorch_cpu.so",
            "libtorch.so",
            "libjnitorch.so");

    /// How often an idle OpenMP worker looks for work before it sleeps: some 50 microseconds, enough for the gaps
    /// between libtorch's own kernels. libgomp's default of milliseconds keeps a core from our kernels and from
    /// OpenBLAS, whose threads are others: on two cores a forward pass then takes five times as long.
    private static final String SPINS = "3000";

    private static @Nullable CompletableFuture<Void> loading;

    private LibTorch() {}

    /// Starts loading on another thread, so that the caller reads its input meanwhile.
    public static synchronized void begin() {
        if (loading == null) {
            CompletableFuture<Void> done = new CompletableFuture<>();
            loading = done;
            // Set here and not on the thread: the caller may touch a class of the binding at once.
            Path notes = notes();
            List<Path> known = notes == null ? List.of() : read(notes);
            if (!known.isEmpty()) {
                System.setProperty(JAVACPP_LOADS, "false");
            }
            Thread.ofPlatform().daemon().name("load-libtorch").start(() -> {
                try {
                    load(notes, known);
                    done.complete(null);
                } catch (Throwable e) {
                    done.completeExceptionally(e);
                }
            });
        }
    }

    /// Returns when libtorch is loaded.
    ///
    /// @throws NativeException where it cannot be
    public static void await() {
        begin();
        CompletableFuture<Void> done;
        synchronized (LibTorch.class) {
            done = java.util.Objects.requireNonNull(loading);
        }
        try {
            done.join();
        } catch (CompletionException e) {
            throw new NativeException(
                    "libtorch could not be loaded: " + e.getCause()
                            + " (is there room for 500 MB in the JavaCPP cache, by default ~/.javacpp/cache?)",
                    e.getCause());
        }
    }

    /// Loads the part of the binding that talks between processes (c10d's Gloo), which is a library of its own.
    public static synchronized void gloo() {
        await();
        try {
            if (!"false".equals(System.getProperty(JAVACPP_LOADS))) {
                Loader.load(org.bytedeco.pytorch.global.torch_gloo.class);
                return;
            }
            String resource = "/org/bytedeco/pytorch/" + Loader.getPlatform() + "/libjnitorch_gloo.so";
            File file = Loader.cacheResource(org.bytedeco.pytorch.global.torch.class, resource);
            if (file == null) {
                throw new NativeException(resource + " is not in the pytorch jar; training over ranks needs it");
            }
            System.load(file.toString());
        } catch (IOException | UnsatisfiedLinkError e) {
            throw new NativeException("libjnitorch_gloo could not be loaded: " + e, e);
        }
    }

    private static void load(@Nullable Path notes, List<Path> known) {
        if (System.getenv("OMP_WAIT_POLICY") == null) {
            setEnvironment("GOMP_SPINCOUNT", SPINS);
        }
        if (!known.isEmpty()) {
            for (Path file : known) {
                System.load(file.toString());
            }
            return;
        }
        Loader.load(org.bytedeco.pytorch.global.torch.class);
        if (notes != null) {
            write(notes);
        }
    }

    /// Sets a variable of the process's environment that native code reads when it begins; one the user set
    /// stays.
    public static void setEnvironment(String name, String value) {
        Linker linker = Linker.nativeLinker();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment function = linker.defaultLookup().find("setenv").orElse(MemorySegment.NULL);
            if (function.address() == 0) {
                return; // not a POSIX system
            }
            MethodHandle set = linker.downcallHandle(
                    function,
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT));
            int failed = (int) set.invokeExact(arena.allocateFrom(name), arena.allocateFrom(value), 0);
            if (failed != 0) {
                System.getLogger(LibTorch.class.getName())
                        .log(System.Logger.Level.DEBUG, "setenv " + name + " failed: computing may be slower");
            }
        } catch (Throwable e) {
            throw new NativeException("setenv(" + name + ") failed", e);
        }
    }

    /// The note of the CPU build on the class path, or null where that is not what is there.
    private static @Nullable Path notes() {
        for (String entry : System.getProperty("java.class.path", "").split(File.pathSeparator, -1)) {
            String jar = Path.of(entry).getFileName() == null
                    ? ""
                    : String.valueOf(Path.of(entry).getFileName());
            if (jar.startsWith("pytorch-") && jar.endsWith("-linux-x86_64.jar")) {
                return cache().resolve("awl-" + jar + ".files");
            }
        }
        return null;
    }

    /// The folder where JavaCPP unpacks its libraries, one folder a jar.
    public static Path cache() {
        String named = System.getProperty("org.bytedeco.javacpp.cachedir", "");
        return named.isEmpty() ? Path.of(System.getProperty("user.home", "."), ".javacpp", "cache") : Path.of(named);
    }

    /// The files noted, or none where one of them is not as it was.
    static List<Path> read(Path notes) {
        List<Path> files = new ArrayList<>();
        try {
            for (String line : Files.readAllLines(notes)) {
                Path file = Path.of(line.substring(line.lastIndexOf('\t') + 1));
                if (!line.equals(describe(file))) {
                    return List.of();
                }
                files.add(file);
            }
        } catch (IOException | RuntimeException e) {
            return List.of(); // nothing noted yet, or nothing to rely on: JavaCPP looks itself
        }
        return files.size() == FILES.size() ? files : List.of();
    }

    private static void write(Path notes) {
        try {
            Path binding = Path.of(Loader.load(org.bytedeco.pytorch.global.torch.class));
            Path javacpp = Path.of(Loader.load(org.bytedeco.javacpp.Pointer.class));
            StringBuilder text = new StringBuilder();
            for (String name : FILES) {
                Path folder = name.equals("libjnijavacpp.so") ? javacpp : binding;
                text.append(describe(folder.resolveSibling(name))).append('\n');
            }
            Path draft = notes.resolveSibling(
                    notes.getFileName() + "." + ProcessHandle.current().pid());
            Files.writeString(draft, text);
            Files.move(draft, notes, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            // Without the note the next start is slower, and no more than that.
            System.getLogger(LibTorch.class.getName())
                    .log(System.Logger.Level.DEBUG, "the place of libtorch is not noted", e);
        }
    }

    static String describe(Path file) throws IOException {
        return Files.size(file) + "\t" + Files.getLastModifiedTime(file).toMillis() + "\t" + file;
    }
}
