package awl.benchmarks;

import awl.kernel.AttentionScores;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Tensors;
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

/// Is attention of new tokens against a cache faster than libtorch's operations? A layer of SmolLM2-135M.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class CacheAttentionBenchmark {

    private static final int HEADS = 9;
    private static final int KV_HEADS = 3;
    private static final int WIDTH = 64;
    private static final double SCALE = 0.125;

    @Param({"native", "reference"})
    public String provider;

    @Param({"1", "16"})
    public int sequences;

    /// Tokens in the cache of each.
    @Param({"128", "1024"})
    public int context;

    @Param({"Float", "BFloat16"})
    public String dtype;

    private Kernels kernels;
    private Tensor projected_NW;
    private Tensor cosine_NR;
    private Tensor sine_NR;
    private Tensor keys_SKCE;
    private Tensor values_SKCE;
    private Tensor slot_N;
    private Tensor position_N;
    private Tensor out_NHE;
    private final AttentionScores scores = new AttentionScores(SCALE, null, 0);

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = Machine.kernels(provider);
        torch.manual_seed(1);
        ScalarType type = ScalarType.valueOf(dtype);
        projected_NW = torch.randn(sequences, (HEADS + 2 * KV_HEADS) * WIDTH).to(type);
        // Rotated by nothing: rows are turned in place, again and again.
        cosine_NR = torch.ones(sequences, WIDTH);
        sine_NR = torch.zeros(sequences, WIDTH);
        keys_SKCE = torch.randn(sequences, KV_HEADS, context, WIDTH).to(type);
        values_SKCE = torch.randn(sequences, KV_HEADS, context, WIDTH).to(type);
        int[] slots = new int[sequences];
        int[] positions = new int[sequences];
        for (int i = 0; i < sequences; i++) {
            slots[i] = i;
            positions[i] = context - 1;
        }
        slot_N = Tensors.indices(slots);
        position_N = Tensors.indices(positions);
        out_NHE = torch.zeros(sequences, HEADS * WIDTH).to(type);
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        attend(new TorchKernels());
        Tensor expected = out_NHE.clone();
        attend(kernels);
        double tolerance = dtype.equals("Float") ? 1e-5 : 0.02;
        Machine.requireSame(provider + ": the result", out_NHE, expected, tolerance, tolerance);
    }

    private void attend(Kernels by) {
        by.cacheAttention(
                projected_NW, cosine_NR, sine_NR, keys_SKCE, values_SKCE, slot_N, position_N, scores, out_NHE);
    }

    @Benchmark
    public Tensor attend() {
        try (PointerScope _ = new PointerScope()) {
            attend(kernels);
        }
        return out_NHE;
    }
}
