package awl.kernel;

import awl.Shared;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// The CUDA kernels compiled as C++ on a host emulation (native/tests/emulation), for tests of other
/// packages.
public final class EmulatedCuda {

    private EmulatedCuda() {}

    static Path library() {
        return Shared.home().resolve("native/build/cuda-emulated/libawl_cuda_emulated.so");
    }

    /// Skips a test where the library was not built.
    static void assume() {
        Assumptions.assumeTrue(
                Files.exists(library()),
                library() + " is not here (cmake or a C++ compiler was missing; see the build's output)");
    }

    /// Kernels that take tensors in host memory for a device's.
    public static Kernels open() {
        assume();
        return NativeKernels.emulated(library());
    }
}
