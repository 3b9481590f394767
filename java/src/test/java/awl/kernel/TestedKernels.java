package awl.kernel;

import awl.Shared;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// The kernels that goldens are held against, by the names that `--kernels` has for them, for tests of
/// other packages. A test that asks for `native` where the build made no library is skipped and says so.
public final class TestedKernels {

    private TestedKernels() {}

    public static Kernels of(String name) {
        return wanted(name) == KernelSelection.Wanted.REFERENCE ? new TorchKernels() : NativeKernels.open(library());
    }

    /// The same as a run is told.
    public static KernelSelection.Wanted wanted(String name) {
        KernelSelection.Wanted wanted = KernelSelection.Wanted.parse(name);
        if (wanted == KernelSelection.Wanted.NATIVE) {
            Assumptions.assumeTrue(
                    Files.exists(library()),
                    "native/build/cpu/libawl_cpu.so is not here (cmake or a C++ compiler was missing; see the build's output)");
        }
        return wanted;
    }

    private static Path library() {
        return Shared.home().resolve("native/build/cpu/libawl_cpu.so");
    }
}
