package awl.bench;

import awl.kernel.Kernels;
import awl.kernel.NativeKernels;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;

/// One way to compute a case.
///
/// @param name such as `torch, rows gathered`
/// @param ourThreads whether it multiplies by our kernels, beside which OpenBLAS keeps one thread
/// @param step computes it once; what it returns, by name, belongs to the caller's scope. Nothing for a floor, which
///     computes only a part
/// @param handedBack bytes of results that a step makes itself and that are no workspace therefore
public record Contender(
        String name, Role role, boolean ourThreads, Supplier<Map<String, Tensor>> step, long handedBack) {

    /// Our kernels at work.
    static Contender ours(Kernels kernels, Supplier<Map<String, Tensor>> step, long handedBack) {
        boolean ourThreads = kernels instanceof NativeKernels;
        return new Contender(ourThreads ? "awl" : "awl, reference", Role.OURS, ourThreads, step, handedBack);
    }

    /// What is done with libtorch alone, and handed back by it.
    static Contender libtorch(String name, Role role, Supplier<Map<String, Tensor>> step, long handedBack) {
        return new Contender(name, role, false, step, handedBack);
    }

    /// What it is compared for.
    public enum Role {
        /// Our kernel.
        OURS,
        /// Plain libtorch at the same dtype: the yardstick for errors, too.
        PLAIN,
        /// Another way with libtorch.
        PEER,
        /// The least that anyone has to compute.
        FLOOR
    }
}
