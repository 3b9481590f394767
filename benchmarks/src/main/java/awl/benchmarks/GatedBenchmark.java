package awl.benchmarks;

import awl.kernel.Activation;
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

/// Is our gate of the feed-forward layer faster than libtorch's sequence of operations?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class GatedBenchmark {

    /// `copy` moves the same bytes and computes nothing: what the memory allows.
    @Param({"reference", "native", "copy"})
    public String provider;

    /// Rows of a micro-batch and inner width of SmolLM2-135M, and of a 1B model.
    @Param({"1132x1536", "1024x8192"})
    public String shape;

    @Param({"SILU", "TANH_GELU"})
    public String activation;

    @Param({"Float", "BFloat16"})
    public String dtype;

    private Kernels kernels;
    private Activation act;
    private long width;
    private Tensor both_N2F;
    private Tensor out_NF;
    private Tensor gradient_NF;
    private Tensor below_N2F;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = provider.equals("copy") ? new TorchKernels() : Machine.kernels(provider);
        act = Activation.valueOf(activation);
        String[] sizes = shape.split("x");
        long rows = Long.parseLong(sizes[0]);
        width = Long.parseLong(sizes[1]);
        ScalarType type = ScalarType.valueOf(dtype);
        torch.manual_seed(1);
        both_N2F = torch.randn(rows, 2 * width).to(type);
        gradient_NF = torch.randn(rows, width).to(type);
        out_NF = torch.empty_like(gradient_NF);
        below_N2F = torch.empty_like(both_N2F);
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        TorchKernels reference = new TorchKernels();
        Tensor expected = torch.empty_like(out_NF);
        reference.gated(both_N2F, act, expected);
        kernels.gated(both_N2F, act, out_NF);
        requireNear(out_NF, expected);
        expected = torch.empty_like(below_N2F);
        reference.gatedBackward(gradient_NF, both_N2F, act, expected);
        kernels.gatedBackward(gradient_NF, both_N2F, act, below_N2F);
        requireNear(below_N2F, expected);
    }

    private void requireNear(Tensor got, Tensor expected) {
        double tolerance = dtype.equals("Float") ? 1e-5 : 0.03;
        Machine.requireSame(provider + ": the result", got, expected, tolerance, tolerance);
    }

    @Benchmark
    public Tensor forward() {
        try (PointerScope _ = new PointerScope()) {
            if (provider.equals("copy")) {
                torch.add_out(out_NF, both_N2F.narrow(1, 0, width), both_N2F.narrow(1, width, width));
            } else {
                kernels.gated(both_N2F, act, out_NF);
            }
        }
        return out_NF;
    }

    @Benchmark
    public Tensor backward() {
        try (PointerScope _ = new PointerScope()) {
            if (provider.equals("copy")) {
                // Five matrices as well: one read, two read and two written.
                gradient_NF.sum();
                below_N2F.copy_(both_N2F);
            } else {
                kernels.gatedBackward(gradient_NF, both_N2F, act, below_N2F);
            }
        }
        return below_N2F;
    }
}
