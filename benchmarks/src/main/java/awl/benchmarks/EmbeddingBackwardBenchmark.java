package awl.benchmarks;

import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Threads;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
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

/// Is our gradient of the embedding faster than libtorch's `index_add_`?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class EmbeddingBackwardBenchmark {

    @Param({"reference", "native"})
    public String provider;

    /// Tokens and width of a micro-batch of SmolLM2-135M, and of a 1.5B model.
    @Param({"1132x576", "4096x1536"})
    public String shape;

    @Param({"Float", "BFloat16"})
    public String dtype;

    private Kernels kernels;
    private Tensor gradient_ND;
    private Tensor tokens_N;
    private Tensor table_VD;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = Machine.kernels(provider);
        String[] sizes = shape.split("x");
        long rows = Long.parseLong(sizes[0]);
        long width = Long.parseLong(sizes[1]);
        torch.manual_seed(1);
        gradient_ND = torch.randn(rows, width).to(ScalarType.valueOf(dtype));
        // Squared, so that some tokens come often, as they do in text.
        tokens_N = torch.rand(rows).square_().mul_(new Scalar(49152)).to(ScalarType.Long);
        table_VD = torch.zeros(49152, width);
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        Tensor expected = table_VD.clone();
        new TorchKernels().embeddingBackward(gradient_ND, tokens_N, 1, expected);
        backward();
        Machine.requireSame(provider + ": the table", table_VD, expected, 1e-5, 1e-6);
    }

    @Benchmark
    public Tensor backward() {
        try (PointerScope _ = new PointerScope()) {
            kernels.embeddingBackward(gradient_ND, tokens_N, 1, table_VD);
        }
        return table_VD;
    }
}
