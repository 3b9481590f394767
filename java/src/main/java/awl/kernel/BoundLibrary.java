package awl.kernel;

import awl.kernel.ffm.NativeLibrary;
import awl.tensor.LibTorch;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// A kernel library with its functions bound.
record BoundLibrary(NativeLibrary library, KernelHandles handles) {

    private static final Map<Path, BoundLibrary> OPENED = new ConcurrentHashMap<>();

    /// Opened and checked once in a process.
    static BoundLibrary of(Path path) {
        return OPENED.computeIfAbsent(path.toAbsolutePath(), at -> open(at, false));
    }

    /// The CUDA kernels on a host emulation, for tests.
    static BoundLibrary emulated(Path path) {
        return open(path, true);
    }

    private static BoundLibrary open(Path path, boolean emulated) {
        // libtorch's CUDA libraries must be there first, or the process has them twice. The name is all that is
        // known of a file before it is opened: one that the user named is looked at for the CPU, too.
        if (path.getFileName().toString().contains("cuda")) {
            LibTorch.await();
        }
        NativeLibrary library = NativeLibrary.open(path, KernelHandles.names(), emulated);
        return new BoundLibrary(library, library.bind(KernelHandles.class));
    }
}
