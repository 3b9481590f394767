package awl.kernel.ffm;

import awl.NativeException;
import awl.ShapeException;
import awl.kernel.Replay;
import awl.kernel.TensorOperation;
import awl.tensor.BlockMatrix;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/// An opened kernel library: `libawl_cpu.so` or `libawl_cuda.so`, which export the same symbols.
///
/// Opening compares what both sides believe: ABI version, size of the tensor struct, and that every kernel the
/// library lists is one this engine knows and can be found. It stays open for the life of the process.
public final class NativeLibrary {

    /// `AWL_ABI_VERSION` of kernels.h.
    public static final int ABI_VERSION = 5;

    private final Path path;
    private final SymbolLookup symbols;
    private final CommonFunctions common;
    private final List<String> kernels;
    private final boolean cuda;
    private final boolean emulated;
    private int threads;

    private NativeLibrary(
            Path path, SymbolLookup symbols, CommonFunctions common, List<String> kernels, boolean emulated) {
        this.emulated = emulated;
        this.path = path;
        this.symbols = symbols;
        this.common = common;
        this.kernels = List.copyOf(kernels);
        this.cuda = backend().equals("cuda");
    }

    /// Opens and checks a library; a [NativeException] says what does not fit.
    ///
    /// @param known names of the kernels the caller can bind
    public static NativeLibrary open(Path path, List<String> known) {
        return open(path, known, false);
    }

    /// @param emulated whether it is a CUDA library that computes in host memory (native/tests/emulation): tests drive
    ///     every CUDA kernel through this binding where there is no device
    public static NativeLibrary open(Path path, List<String> known, boolean emulated) {
        if (!Files.isRegularFile(path)) {
            throw new NativeException(path + ": no such file");
        }
        SymbolLookup symbols;
        try {
            symbols = SymbolLookup.libraryLookup(path.toAbsolutePath(), Arena.global());
        } catch (IllegalArgumentException e) {
            throw new NativeException(path + ": cannot be opened as a library (" + e.getMessage() + ")", e);
        }
        if (symbols.find("awl_abi_version").isEmpty()) {
            throw new NativeException(path + ": not a kernel library (no awl_abi_version)");
        }
        CommonFunctions common = NativeBinding.bind(path, symbols, CommonFunctions.class, null);
        try {
            int abi = (int) common.abiVersion().invokeExact();
            if (abi != ABI_VERSION) {
                throw new NativeException("%s: speaks ABI %d, this engine ABI %d; rebuild it (cmake/build-native.sh)"
                        .formatted(path, abi, ABI_VERSION));
            }
            long size = (long) common.sizeofTensor().invokeExact();
            if (size != TensorView.LAYOUT.byteSize()) {
                throw new NativeException(
                        "%s: awl_tensor has %d bytes, expected %d".formatted(path, size, TensorView.LAYOUT.byteSize()));
            }
            List<String> kernels = new ArrayList<>();
            String name;
            while ((name = text((MemorySegment) common.kernelName().invokeExact(kernels.size()))) != null) {
                if (!known.contains(name)) {
                    throw new NativeException("%s: exports the kernel %s, which this engine does not know (it knows %s)"
                            .formatted(path, name, known));
                }
                if (symbols.find("awl_" + name).isEmpty()) {
                    throw new NativeException(
                            "%s: lists the kernel %s but does not export awl_%s".formatted(path, name, name));
                }
                kernels.add(name);
            }
            return new NativeLibrary(path, symbols, common, kernels, emulated);
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException(path + ": does not answer", e);
        }
    }

    /// Binds a record whose components carry [NativeSignature]. Components of kernels this library does not
    /// have are null; any other missing symbol is an error.
    public <R extends Record> R bind(Class<R> record) {
        return NativeBinding.bind(path, symbols, record, kernels);
    }

    /// Makes what binding a record needs, without a library: for a thread that is waiting for something else.
    public static void prepare(Class<? extends Record> record) {
        NativeBinding.prepare(CommonFunctions.class);
        NativeBinding.prepare(record);
    }

    public Path path() {
        return path;
    }

    /// Names of the kernels in this library, in its order.
    public List<String> kernels() {
        return kernels;
    }

    /// `cpu` or `cuda`.
    public String backend() {
        return string(common.backend());
    }

    /// `plain`, `avx2`, `avx512`, `avx512bf16` or `cuda`.
    public String instructionSet() {
        return string(common.instructionSet());
    }

    /// Whether its kernels compute in the memory that a tensor is in.
    public boolean takes(Tensor tensor) {
        return cuda && !emulated ? tensor.is_cuda() : tensor.is_cpu();
    }

    /// A tensor as a kernel's argument, an absent one for null.
    ///
    /// @throws ShapeException where it lies in memory that the kernels do not reach
    public MemorySegment view(@Nullable Tensor tensor, SegmentAllocator arena) {
        MemorySegment known = known(arena);
        if (known != null) {
            return known;
        }
        take(tensor, arena);
        return TensorView.of(tensor, cuda ? 1 : 0, arena);
    }

    /// Matrices in quantised blocks as an array; their bytes are the file's and must stay.
    public MemorySegment blocks(List<BlockMatrix> matrices, SegmentAllocator arena) {
        MemorySegment known = known(arena);
        return known != null ? known : TensorView.ofBlocks(matrices, arena);
    }

    /// Several tensors as an array.
    public MemorySegment views(List<? extends @Nullable Tensor> tensors, SegmentAllocator arena) {
        MemorySegment known = known(arena);
        if (known != null) {
            return known;
        }
        tensors.forEach(tensor -> take(tensor, arena));
        return TensorView.list(tensors, cuda ? 1 : 0, arena);
    }

    /// Where a recorded call is made again: the argument as it was recorded.
    private static @Nullable MemorySegment known(SegmentAllocator arena) {
        return arena instanceof CallSequence.Arguments arguments ? arguments.known() : null;
    }

    private void take(@Nullable Tensor tensor, SegmentAllocator arena) {
        if (arena instanceof CallSequence.Arguments arguments) {
            arguments.hold(tensor);
        }
        if (tensor != null && !takes(tensor)) {
            throw new ShapeException("a tensor on %s was given to the kernels of %s, which compute on %s"
                    .formatted(DeviceHandle.of(tensor), path.getFileName(), backend()));
        }
    }

    /// The stream to launch on: libtorch's current one, so that kernels stand in its order.
    public MemorySegment stream() {
        return cuda && !emulated ? MemorySegment.ofAddress(Cuda.currentStream()) : MemorySegment.NULL;
    }

    /// Devices the library could run on; -1 where it could not ask, with the reason in [#lastError].
    public int deviceCount() {
        try {
            return (int) common.deviceCount().invokeExact();
        } catch (Throwable e) {
            throw new NativeException(path + ": awl_device_count", e);
        }
    }

    /// Makes later kernels compute on as many threads as libtorch does.
    public void useThreads(int count) {
        if (count == threads) {
            return;
        }
        try {
            int status = (int) common.setThreads().invokeExact(count);
            check(status);
            threads = count;
        } catch (NativeException e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException(path + ": awl_set_threads", e);
        }
    }

    /// A kernel with its arguments.
    @FunctionalInterface
    public interface Call {

        /// @param arena holds what the arguments point to
        /// @return the kernel's status
        int run(SegmentAllocator arena) throws Throwable;
    }

    /// Runs a kernel on as many threads as libtorch uses; its failure is a [NativeException].
    public void call(String kernel, Call call) {
        useThreads(torch.get_num_threads());
        CallSequence sequence = CallSequence.recording();
        try (Arena arena = Arena.ofConfined()) {
            if (sequence == null) {
                check(call.run(arena));
            } else {
                sequence.call(this, call);
            }
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new NativeException(kernel, e);
        }
    }

    /// Runs something and keeps the calls it makes into libraries on this thread.
    public static Replay record(Runnable calls) {
        return CallSequence.of(calls);
    }

    /// Does something with tensors, and keeps it where this thread is recording.
    public static void inSequence(TensorOperation operation, Tensor... on) {
        CallSequence sequence = CallSequence.recording();
        if (sequence == null) {
            operation.run(on);
        } else {
            sequence.operation(operation, on);
        }
    }

    /// Message of this thread's last failure.
    public String lastError() {
        return string(common.lastError());
    }

    /// Turns a kernel's status into a [NativeException] with the library's own words.
    public void check(int status) {
        if (status != 0) {
            throw new NativeException(lastError());
        }
    }

    private String string(MethodHandle function) {
        try {
            String text = text((MemorySegment) function.invokeExact());
            return text == null ? "" : text;
        } catch (Throwable e) {
            throw new NativeException(path + ": does not answer", e);
        }
    }

    private static @Nullable String text(MemorySegment address) {
        return address.address() == 0
                ? null
                : address.reinterpret(Long.MAX_VALUE).getString(0);
    }
}
