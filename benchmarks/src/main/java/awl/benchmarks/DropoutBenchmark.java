package awl.benchmarks;

import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Is dropout by hashed counters faster than libtorch's own, which draws from a generator? What the two drop differs;
/// ours is compared with its reference, `hashed` below, before it is timed.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class DropoutBenchmark {

    private static final double SHARE = 0.05;

    /// `hashed` makes our numbers by libtorch's operations, `libtorch` its own ones.
    @Param({"libtorch", "hashed", "native"})
    public String provider;

    /// Rows of a micro-batch and widths of SmolLM2-135M.
    @Param({"1132x576", "1132x1536"})
    public String shape;

    @Param({"Float", "BFloat16"})
    public String dtype;

    private Kernels kernels;
    private Tensor x_NI;
    private Tensor key_N;
    private Tensor out_NI;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = provider.equals("native") ? Machine.kernels("native") : new TorchKernels();
        String[] sizes = shape.split("x");
        int rows = Integer.parseInt(sizes[0]);
        torch.manual_seed(1);
        x_NI = torch.randn(rows, Long.parseLong(sizes[1])).to(ScalarType.valueOf(dtype));
        key_N = Tensors.indices(IntStream.range(0, rows).toArray());
        out_NI = torch.empty_like(x_NI);
        Tensor expected = torch.empty_like(x_NI);
        new TorchKernels().dropout(x_NI, key_N, SHARE, 3, expected);
        kernels.dropout(x_NI, key_N, SHARE, 3, out_NI);
        if (!out_NI.equal(expected)) {
            throw new AssertionError(provider + ": the result differs from the reference");
        }
    }

    @Benchmark
    public Tensor dropout() {
        if (provider.equals("libtorch")) {
            try (PointerScope _ = new PointerScope()) {
                out_NI.copy_(torch.dropout(x_NI, SHARE, true));
            }
        } else {
            kernels.dropout(x_NI, key_N, SHARE, 3, out_NI);
        }
        return out_NI;
    }
}
