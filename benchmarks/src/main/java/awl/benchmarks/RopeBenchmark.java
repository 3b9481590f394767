package awl.benchmarks;

import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Threads;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
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

/// Is our rotation of query and key heads faster than libtorch's sequence of operations?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class RopeBenchmark {

    /// `copy` moves the same bytes and computes nothing: what the memory allows.
    @Param({"reference", "native", "copy"})
    public String provider;

    /// Tokens, rotated heads, head width, all columns: SmolLM2-135M and Llama-3.2-1B.
    @Param({"1132x12x64x960", "1024x40x64x3072"})
    public String shape;

    @Param({"Float", "BFloat16"})
    public String dtype;

    private Kernels kernels;
    private Tensor x_NHE;
    private Tensor room_NHE;
    private Tensor cosine_NR;
    private Tensor sine_NR;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = provider.equals("copy") ? new TorchKernels() : Machine.kernels(provider);
        String[] sizes = shape.split("x");
        long tokens = Long.parseLong(sizes[0]);
        long heads = Long.parseLong(sizes[1]);
        long width = Long.parseLong(sizes[2]);
        torch.manual_seed(1);
        Tensor stream = torch.randn(tokens, Long.parseLong(sizes[3])).to(ScalarType.valueOf(dtype));
        x_NHE = stream.narrow(1, 0, heads * width).view(tokens, heads, width);
        room_NHE = torch.empty_like(stream).narrow(1, 0, heads * width).view(tokens, heads, width);
        Tensor angle = torch.randn(tokens, width / 2);
        cosine_NR = torch.cat(new TensorVector(angle.cos(), angle.cos()), 1);
        sine_NR = torch.cat(new TensorVector(angle.sin().neg(), angle.sin()), 1);
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        Tensor expected = x_NHE.clone();
        Tensor got = x_NHE.clone();
        new TorchKernels().rope(expected, cosine_NR, sine_NR, false);
        kernels.rope(got, cosine_NR, sine_NR, false);
        double tolerance = dtype.equals("Float") ? 1e-6 : 0.01;
        Machine.requireSame(provider + ": the result", got, expected, tolerance, tolerance);
    }

    @Benchmark
    public Tensor rotate() {
        try (PointerScope _ = new PointerScope()) {
            if (provider.equals("copy")) {
                room_NHE.copy_(x_NHE);
            } else {
                kernels.rope(x_NHE, cosine_NR, sine_NR, false);
            }
        }
        return x_NHE;
    }
}
