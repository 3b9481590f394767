package awl.benchmarks;

import awl.kernel.AttentionScores;
import awl.kernel.Kernels;
import awl.tensor.Operator;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.util.Random;
import java.util.concurrent.TimeUnit;
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

/// Is our attention over packed documents faster than libtorch's flash kernel, called once a document?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 8, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class DocumentAttentionBenchmark {

    private static final Operator FORWARD = Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu", "");
    private static final Operator BACKWARD =
            Operator.named("aten::_scaled_dot_product_flash_attention_for_cpu_backward", "");

    @Param({"libtorch", "native"})
    public String provider;

    /// Heads, key/value heads, head width: SmolLM2-135M, a quickstart's model, Llama-3.2-1B.
    @Param({"9-3-64", "4-4-32", "32-8-64"})
    public String heads;

    /// Documents by shortest and longest length.
    @Param({"8x64-256", "24x30-90", "1x1024-1024"})
    public String documents;

    private long h;
    private long k;
    private long e;
    private int[] start;
    private AttentionScores scores;
    private Kernels kernels;
    private Tensor projected_NW;
    private Tensor gradient_NHE;
    private Tensor out_NHE;
    private Tensor logSumExp_HN;
    private Tensor below_NW;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        String[] sizes = heads.split("-");
        h = Long.parseLong(sizes[0]);
        k = Long.parseLong(sizes[1]);
        e = Long.parseLong(sizes[2]);
        String[] form = documents.split("[x-]");
        Random random = new Random(1);
        start = new int[Integer.parseInt(form[0]) + 1];
        for (int d = 0; d + 1 < start.length; d++) {
            start[d + 1] = start[d] + random.nextInt(Integer.parseInt(form[1]), Integer.parseInt(form[2]) + 1);
        }
        int n = start[start.length - 1];
        torch.manual_seed(1);
        projected_NW = torch.randn(n, (h + 2 * k) * e);
        gradient_NHE = torch.randn(n, h * e);
        out_NHE = torch.empty(n, h * e);
        logSumExp_HN = torch.empty(h, n);
        below_NW = torch.empty(n, (h + 2 * k) * e);
        scores = new AttentionScores(1 / Math.sqrt(e), null, 0);
        kernels = Machine.kernels(provider.equals("native") ? "native" : "reference");
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        forward();
        Tensor expected = torch.empty_like(out_NHE);
        Machine.kernels("reference").documentAttention(projected_NW, start, scores, expected, logSumExp_HN.clone());
        if (!torch.allclose(out_NHE, expected, 1e-4, 1e-5, false)) {
            throw new AssertionError(provider + ": the result differs from the reference");
        }
    }

    @Benchmark
    public Tensor forward() {
        if (provider.equals("native")) {
            kernels.documentAttention(projected_NW, start, scores, out_NHE, logSumExp_HN);
        } else {
            try (Threads.SerialBlas _ = Threads.serialBlas()) {
                for (int d = 0; d + 1 < start.length; d++) {
                    forward(start[d], start[d + 1] - start[d]);
                }
            }
        }
        return out_NHE;
    }

    @Benchmark
    public Tensor forwardAndBackward() {
        if (provider.equals("native")) {
            kernels.documentAttention(projected_NW, start, scores, out_NHE, logSumExp_HN);
            kernels.documentAttentionBackward(
                    gradient_NHE, projected_NW, start, scores, out_NHE, logSumExp_HN, below_NW);
        } else {
            try (Threads.SerialBlas _ = Threads.serialBlas()) {
                for (int d = 0; d + 1 < start.length; d++) {
                    int length = start[d + 1] - start[d];
                    forward(start[d], length);
                    backward(start[d], length);
                }
            }
        }
        return below_NW;
    }

    private void forward(int from, int length) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] results = FORWARD.call(
                    queries(projected_NW, from, length),
                    keys(from, length, h * e),
                    keys(from, length, (h + k) * e),
                    0.0,
                    true,
                    null,
                    scores.scale());
            queries(out_NHE, from, length).copy_(results[0]);
            logSumExp(from, length).copy_(results[1]);
        }
    }

    private void backward(int from, int length) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] gradients = BACKWARD.call(
                    queries(gradient_NHE, from, length),
                    queries(projected_NW, from, length),
                    keys(from, length, h * e),
                    keys(from, length, (h + k) * e),
                    queries(out_NHE, from, length),
                    logSumExp(from, length),
                    0.0,
                    true,
                    null,
                    scores.scale());
            queries(below_NW, from, length).copy_(gradients[0]);
            collect(from, length, h * e, gradients[1]);
            collect(from, length, (h + k) * e, gradients[2]);
        }
    }

    private void collect(int from, int length, long column, Tensor gradient_KGTE) {
        Tensor to = Tensors.strided(
                below_NW,
                new long[] {k, 1, length, e},
                new long[] {e, 0, below_NW.size(1), 1},
                from * below_NW.size(1) + column);
        to.copy_(
                gradient_KGTE.sum(new long[] {1}, true, new org.bytedeco.pytorch.ScalarTypeOptional(ScalarType.Float)));
    }

    /// `[K, G, T, E]`
    private Tensor queries(Tensor stream, int from, int length) {
        long row = stream.size(1);
        long[] strides = {h / k * e, e, row, 1};
        return Tensors.strided(stream, new long[] {k, h / k, length, e}, strides, from * row);
    }

    /// `[K, G, T, E]`, the same for all G.
    private Tensor keys(int from, int length, long column) {
        long row = projected_NW.size(1);
        return Tensors.strided(
                projected_NW, new long[] {k, h / k, length, e}, new long[] {e, 0, row, 1}, from * row + column);
    }

    /// `[K, G, T]`
    private Tensor logSumExp(int from, int length) {
        long n = logSumExp_HN.size(1);
        return Tensors.strided(logSumExp_HN, new long[] {k, h / k, length}, new long[] {h / k * n, n, 1}, from);
    }
}
