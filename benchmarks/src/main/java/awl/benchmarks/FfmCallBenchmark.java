package awl.benchmarks;

import awl.kernel.NativeKernels;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// What does one call into native code cost? An empty function through FFM beside an empty one through JNI.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 5, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class FfmCallBenchmark {

    /// JIT-compiled code calls through a constant; an instance field would measure something else.
    private static final MethodHandle ABI_VERSION = Linker.nativeLinker()
            .downcallHandle(
                    SymbolLookup.libraryLookup(Machine.library(), Arena.global())
                            .findOrThrow("awl_abi_version"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT));

    private Tensor tensor;

    @Setup
    public void check() throws Throwable {
        NativeKernels.open(Machine.library());
        tensor = torch.zeros(2, 3);
        if (ffm() != 1 || jni() != 2) {
            throw new AssertionError("an empty call does not answer what it should");
        }
    }

    /// `awl_abi_version()`.
    @Benchmark
    public int ffm() throws Throwable {
        return (int) ABI_VERSION.invokeExact();
    }

    /// `Tensor::dim()`, JavaCPP.
    @Benchmark
    public long jni() {
        return tensor.dim();
    }
}
