package awl.benchmarks;

import awl.model.Decoder;
import awl.model.KvCache;
import awl.model.Segment;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import awl.tensor.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// One decoding step of SmolLM2-135M's shape: the logits behind one more token of each sequence.
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 30)
@Measurement(iterations = 60)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class DecodeStepBenchmark {

    private static final int PROMPT = 128;
    private static final int STEPS = 200;

    @Param({"native", "reference"})
    public String provider;

    @Param({"FP32", "BF16"})
    public String precision;

    /// Sequences that are continued side by side.
    @Param({"1", "16"})
    public int batch;

    private final Random random = new Random(1);
    private Decoder model;
    private KvCache cache;

    @Setup(Level.Trial)
    public void prepare() {
        Threads.set(Machine.threads());
        model = SmolModel.decoder(Precision.valueOf(precision), Machine.kernels(provider));
        cache = model.cache(batch, PROMPT + STEPS);
        try (TensorScope _ = TensorScope.open()) {
            model.logits(segments(PROMPT), cache);
        }
    }

    private List<Segment> segments(int tokens) {
        List<Segment> all = new ArrayList<>();
        for (int slot = 0; slot < batch; slot++) {
            all.add(new Segment(slot, SmolModel.tokens(tokens, random)));
        }
        return all;
    }

    /// @return a logit, so that a device would have been waited for
    @Benchmark
    public double step() {
        try (TensorScope _ = TensorScope.open()) {
            Tensor logits_BV = model.logits(segments(1), cache);
            return logits_BV.select(0, 0).select(0, 0).item_double();
        }
    }
}
