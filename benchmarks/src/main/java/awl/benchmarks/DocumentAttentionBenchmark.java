package awl.benchmarks;

import awl.bench.FlashAttention;
import awl.kernel.AttentionScores;
import awl.kernel.Kernels;
import awl.tensor.TensorScope;
import awl.tensor.Threads;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
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

/// Is our attention over packed documents faster than libtorch's flash kernel, called once a document or
/// once for all of them, padded?
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 8, time = 400, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class DocumentAttentionBenchmark {

    @Param({"loop", "padded", "native"})
    public String provider;

    /// Heads, key/value heads, head width: SmolLM2-135M, a quickstart's model, Llama-3.2-1B.
    @Param({"9-3-64", "4-4-32", "32-8-64"})
    public String heads;

    /// Documents by shortest and longest length.
    @Param({"8x64-256", "24x30-90", "1x1024-1024"})
    public String documents;

    private int[] start;
    private AttentionScores scores;
    private FlashAttention flash;
    private PaddedDocuments padded;
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
        long h = Long.parseLong(sizes[0]);
        long k = Long.parseLong(sizes[1]);
        long e = Long.parseLong(sizes[2]);
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
        flash = new FlashAttention(h, k, e, start);
        scores = new AttentionScores(1 / Math.sqrt(e), null, 0);
        padded = new PaddedDocuments(h, k, e, start, scores.scale());
        kernels = Machine.kernels(provider.equals("native") ? "native" : "reference");
        requireSameAsReference();
    }

    private void requireSameAsReference() {
        forwardAndBackward();
        Kernels reference = Machine.kernels("reference");
        Tensor expected = torch.empty_like(out_NHE);
        Tensor sums = torch.empty_like(logSumExp_HN);
        reference.documentAttention(projected_NW, start, scores, expected, sums);
        Machine.requireSame(provider + ": the result", out_NHE, expected, 1e-4, 1e-5);
        Tensor gradient = torch.empty_like(below_NW);
        reference.documentAttentionBackward(gradient_NHE, projected_NW, start, scores, expected, sums, gradient);
        Machine.requireSame(provider + ": the gradient", below_NW, gradient, 1e-3, 1e-4);
    }

    @Benchmark
    public Tensor forward() {
        switch (provider) {
            case "native" -> kernels.documentAttention(projected_NW, start, scores, out_NHE, logSumExp_HN);
            case "padded" -> {
                try (TensorScope scope = TensorScope.open();
                        Threads.SerialBlas _ = Threads.serialBlas()) {
                    padded.forward(projected_NW, out_NHE);
                }
            }
            default -> flash.forward(projected_NW, out_NHE, logSumExp_HN);
        }
        return out_NHE;
    }

    @Benchmark
    public Tensor forwardAndBackward() {
        switch (provider) {
            case "native" -> {
                kernels.documentAttention(projected_NW, start, scores, out_NHE, logSumExp_HN);
                kernels.documentAttentionBackward(
                        gradient_NHE, projected_NW, start, scores, out_NHE, logSumExp_HN, below_NW);
            }
            case "padded" -> {
                try (TensorScope scope = TensorScope.open();
                        Threads.SerialBlas _ = Threads.serialBlas()) {
                    padded.forwardAndBackward(projected_NW, gradient_NHE, out_NHE, below_NW);
                }
            }
            default -> {
                flash.forward(projected_NW, out_NHE, logSumExp_HN);
                flash.backward(gradient_NHE, projected_NW, out_NHE, logSumExp_HN, below_NW);
            }
        }
        return below_NW;
    }
}
