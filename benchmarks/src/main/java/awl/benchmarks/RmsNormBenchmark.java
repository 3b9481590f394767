package awl.benchmarks;

import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Threads;
import java.util.concurrent.TimeUnit;
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

/// Is our RMSNorm faster than libtorch's sequence of operations?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class RmsNormBenchmark {

    @Param({"reference", "native"})
    public String provider;

    /// Rows of a micro-batch and width of SmolLM2-135M, and of a 1.5B model.
    @Param({"1024x576", "2048x1536"})
    public String shape;

    @Param({"Float", "BFloat16"})
    public String dtype;

    private Kernels kernels;
    private Tensor x_ND;
    private Tensor weight_D;
    private Tensor dy_ND;
    private Tensor out_ND;
    private Tensor inverse_N;
    private Tensor dWeight_D;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = Machine.kernels(provider);
        String[] sizes = shape.split("x");
        long rows = Long.parseLong(sizes[0]);
        long width = Long.parseLong(sizes[1]);
        ScalarType type = ScalarType.valueOf(dtype);
        torch.manual_seed(1);
        x_ND = torch.randn(rows, width).to(type);
        weight_D = torch.randn(width).to(type);
        dy_ND = torch.randn(rows, width).to(type);
        out_ND = torch.empty_like(x_ND);
        inverse_N = torch.empty(rows);
        dWeight_D = torch.zeros(width);
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        Tensor expected = torch.empty_like(x_ND);
        TorchKernels reference = new TorchKernels();
        forward();
        reference.rmsNorm(x_ND, weight_D, 1e-5, false, expected, inverse_N);
        double tolerance = dtype.equals("Float") ? 1e-5 : 0.02;
        if (!torch.allclose(out_ND, expected, tolerance, tolerance, false)) {
            throw new AssertionError(provider + ": y differs from the reference");
        }
        backward();
        reference.rmsNormBackward(dy_ND, x_ND, weight_D, inverse_N, false, expected, null);
        if (!torch.allclose(out_ND, expected, tolerance, tolerance, false)) {
            throw new AssertionError(provider + ": dx differs from the reference");
        }
    }

    @Benchmark
    public Tensor forward() {
        try (PointerScope _ = new PointerScope()) {
            kernels.rmsNorm(x_ND, weight_D, 1e-5, false, out_ND, inverse_N);
        }
        return out_ND;
    }

    @Benchmark
    public Tensor backward() {
        try (PointerScope _ = new PointerScope()) {
            kernels.rmsNormBackward(dy_ND, x_ND, weight_D, inverse_N, false, out_ND, dWeight_D);
        }
        return out_ND;
    }
}
