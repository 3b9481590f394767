package awl.tensor;

import awl.NativeException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// The one setting of how many threads compute, for libtorch (OpenMP), OpenBLAS (its own pthreads) and our kernels (a
/// crew of theirs, told with each call) alike.
///
/// `torch.set_num_threads` does not reach OpenBLAS, and an OpenMP region of libtorch whose threads each call a
/// multi-threaded GEMM fights itself: attention then runs several times slower. [#serialBlas] takes OpenBLAS down to
/// one thread around such a region.
public final class Threads {

    private static final @Nullable MethodHandle SET_OPENBLAS;
    private static final String OPENBLAS_STATE;
    private static int count;
    private static boolean multipliedElsewhere;

    static {
        LibTorch.await();
        MethodHandle set = null;
        String state;
        try {
            // After libtorch is loaded the soname is already mapped, so this finds the copy libtorch uses.
            SymbolLookup openblas = SymbolLookup.libraryLookup("libopenblas.so.0", Arena.global());
            set = Linker.nativeLinker()
                    .downcallHandle(
                            openblas.findOrThrow("openblas_set_num_threads"),
                            FunctionDescriptor.ofVoid(ValueLayout.JAVA_INT));
            state = "follows the setting";
        } catch (RuntimeException e) {
            state = "cannot be set (" + e.getMessage() + "); attention may run slower with more than one thread";
        }
        SET_OPENBLAS = set;
        OPENBLAS_STATE = state;
        count = torch.get_num_threads();
        setOpenBlas(count);
    }

    private Threads() {}

    /// Sets how many threads compute from now on, in the whole process.
    public static synchronized void set(int threads) {
        if (threads < 1) {
            throw new awl.ConfigException("threads: expected at least 1, found " + threads);
        }
        count = threads;
        torch.set_num_threads(threads);
        setOpenBlas(multipliedElsewhere ? 1 : threads);
    }

    /// Leaves OpenBLAS one thread from now on, for matrices are multiplied by kernels on threads of theirs. Even
    /// after a small product OpenBLAS's second thread spins for milliseconds, on the core that a kernel needs next.
    public static synchronized void multipliedElsewhere() {
        multipliedElsewhere = true;
        setOpenBlas(1);
    }

    /// Threads that compute.
    public static synchronized int count() {
        return count;
    }

    /// Whether OpenBLAS can be told its number of threads, for `awl doctor`.
    public static String openBlas() {
        return OPENBLAS_STATE;
    }

    /// OpenBLAS on one thread until closed; libtorch keeps its own threads.
    public static SerialBlas serialBlas() {
        if (count > 1 && !multipliedElsewhere) {
            setOpenBlas(1);
        }
        return SerialBlas.INSTANCE;
    }

    /// Closing it gives OpenBLAS its threads back.
    public static final class SerialBlas implements AutoCloseable {

        private static final SerialBlas INSTANCE = new SerialBlas();

        private SerialBlas() {}

        @Override
        public void close() {
            if (count > 1 && !multipliedElsewhere) {
                setOpenBlas(count);
            }
        }
    }

    private static void setOpenBlas(int threads) {
        MethodHandle set = SET_OPENBLAS;
        if (set == null) {
            return;
        }
        try {
            set.invokeExact(threads);
        } catch (Throwable e) {
            throw new NativeException("openblas_set_num_threads(" + threads + ") failed", e);
        }
    }
}
