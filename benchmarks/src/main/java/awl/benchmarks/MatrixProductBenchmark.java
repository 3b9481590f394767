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

/// The matrix products of a training step, by our kernel and by libtorch: a layer's output and both gradients, the pair
/// of
/// LoRA, and the head over the learned rows. `reference` is libtorch.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class MatrixProductBenchmark {

    @Param({"native", "reference"})
    public String provider;

    @Param({"Float", "BFloat16"})
    public String dtype;

    /// Rows, inner axis, columns of `out = left right`.
    @Param({"1132x576x1536", "1132x1536x576", "576x1132x1536", "1132x576x16", "1132x16x576", "287x576x49152"})
    public String shape;

    /// Which operand is stored as its transpose: `right` in an output, `none` in a gradient of the input, `left` in
    /// one of the weight.
    @Param({"right", "none", "left"})
    public String turned;

    private Kernels kernels;
    private Tensor left_NK;
    private Tensor right_KM;
    private Tensor out_NM;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = Machine.kernels(provider);
        torch.manual_seed(1);
        String[] sizes = shape.split("x");
        long rows = Long.parseLong(sizes[0]);
        long depth = Long.parseLong(sizes[1]);
        long columns = Long.parseLong(sizes[2]);
        ScalarType type = ScalarType.valueOf(dtype);
        left_NK = turned.equals("left")
                ? torch.randn(depth, rows).to(type).t()
                : torch.randn(rows, depth).to(type);
        right_KM = turned.equals("right")
                ? torch.randn(columns, depth).to(type).t()
                : torch.randn(depth, columns).to(type);
        out_NM = torch.zeros(rows, columns).to(type);
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        new TorchKernels().matrixProduct(left_NK, right_KM, 1, false, out_NM);
        Tensor expected = out_NM.clone();
        kernels.matrixProduct(left_NK, right_KM, 1, false, out_NM);
        double tolerance = dtype.equals("Float") ? 1e-3 : 0.3;
        Machine.requireSame(provider + ": the result", out_NM, expected, tolerance, tolerance);
    }

    @Benchmark
    public Tensor multiply() {
        try (PointerScope _ = new PointerScope()) {
            kernels.matrixProduct(left_NK, right_KM, 1, false, out_NM);
        }
        return out_NM;
    }
}
