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

/// Is our RMSNorm faster than libtorch's sequence of operations, alone and with the residual sum before it?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class RmsNormBenchmark {

    /// `copy` moves the same bytes and computes nothing: what the memory allows.
    @Param({"reference", "native", "copy"})
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
    private Tensor branch_ND;
    private Tensor sum_ND;
    private Tensor out_ND;
    private Tensor inverse_N;
    private Tensor dWeight_D;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = provider.equals("copy") ? new TorchKernels() : Machine.kernels(provider);
        String[] sizes = shape.split("x");
        long rows = Long.parseLong(sizes[0]);
        long width = Long.parseLong(sizes[1]);
        ScalarType type = ScalarType.valueOf(dtype);
        torch.manual_seed(1);
        x_ND = torch.randn(rows, width).to(type);
        weight_D = torch.randn(width).to(type);
        dy_ND = torch.randn(rows, width).to(type);
        branch_ND = torch.randn(rows, width).to(type);
        sum_ND = torch.empty_like(x_ND);
        out_ND = torch.empty_like(x_ND);
        inverse_N = torch.empty(rows);
        dWeight_D = torch.zeros(width);
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        Tensor expected = torch.empty_like(x_ND);
        TorchKernels reference = new TorchKernels();
        kernels.rmsNorm(x_ND, weight_D, 1e-5, false, out_ND, inverse_N);
        reference.rmsNorm(x_ND, weight_D, 1e-5, false, expected, inverse_N);
        requireNear("y", expected);
        kernels.rmsNormBackward(dy_ND, x_ND, weight_D, inverse_N, false, out_ND, dWeight_D);
        reference.rmsNormBackward(dy_ND, x_ND, weight_D, inverse_N, false, expected, null);
        requireNear("dx", expected);
        kernels.addRmsNorm(x_ND, branch_ND, weight_D, 1e-5, false, sum_ND, out_ND, inverse_N);
        reference.addRmsNorm(x_ND, branch_ND, weight_D, 1e-5, false, sum_ND, expected, inverse_N);
        requireNear("y of the sum", expected);
    }

    private void requireNear(String what, Tensor expected) {
        double tolerance = dtype.equals("Float") ? 1e-5 : 0.02;
        Machine.requireSame(provider + ": " + what, out_ND, expected, tolerance, tolerance);
    }

    @Benchmark
    public Tensor forward() {
        try (PointerScope _ = new PointerScope()) {
            if (provider.equals("copy")) {
                out_ND.copy_(x_ND);
            } else {
                kernels.rmsNorm(x_ND, weight_D, 1e-5, false, out_ND, inverse_N);
            }
        }
        return out_ND;
    }

    @Benchmark
    public Tensor backward() {
        try (PointerScope _ = new PointerScope()) {
            if (provider.equals("copy")) {
                torch.add_out(out_ND, dy_ND, x_ND);
            } else {
                kernels.rmsNormBackward(dy_ND, x_ND, weight_D, inverse_N, false, out_ND, dWeight_D);
            }
        }
        return out_ND;
    }

    @Benchmark
    public Tensor residualForward() {
        try (PointerScope _ = new PointerScope()) {
            if (provider.equals("copy")) {
                torch.add_out(sum_ND, x_ND, branch_ND);
                out_ND.copy_(branch_ND);
            } else {
                kernels.addRmsNorm(x_ND, branch_ND, weight_D, 1e-5, false, sum_ND, out_ND, inverse_N);
            }
        }
        return out_ND;
    }

    @Benchmark
    public Tensor residualBackward() {
        try (PointerScope _ = new PointerScope()) {
            if (provider.equals("copy")) {
                torch.add_out(out_ND, dy_ND, x_ND);
                branch_ND.sum();
            } else {
                kernels.addRmsNormBackward(dy_ND, branch_ND, x_ND, weight_D, inverse_N, false, out_ND, dWeight_D);
            }
        }
        return out_ND;
    }
}
