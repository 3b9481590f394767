package awl.benchmarks;

import awl.data.Batch;
import awl.kernel.Kernels;
import awl.loss.LossResult;
import awl.loss.WeightedCrossEntropy;
import awl.model.Decoder;
import awl.model.LoraConfig;
import awl.model.TokenBatch;
import awl.optim.AdamW;
import awl.optim.AdamWRule;
import awl.optim.GradientNorm;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Tensor;
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

/// A whole optimiser step of SmolLM2-135M's shape: forward, loss over the learned quarter of 8 packed documents,
/// backward,
/// global norm, AdamW.
@State(Scope.Thread)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 3)
@Measurement(iterations = 10)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class TrainStepBenchmark {

    private static final double RATE = 2e-5;
    private static final double CLIP = 1;

    @Param({"native", "reference"})
    public String provider;

    @Param({"FP32", "BF16"})
    public String precision;

    /// Rank of adapters on all linear layers; 0 trains all parameters.
    @Param({"0", "16"})
    public int lora;

    private Kernels kernels;
    private Decoder model;
    private List<Parameter> parameters;
    private WeightedCrossEntropy loss;
    private AdamW optimizer;
    private Batch batch;
    private double firstLoss = Double.NaN;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = Machine.kernels(provider);
        model = SmolModel.decoder(Precision.valueOf(precision), kernels);
        if (lora > 0) {
            model.attach(new LoraConfig(lora, 2.0 * lora, List.of(LoraConfig.ALL_LINEAR), 0, false), 1);
        }
        parameters = model.trainable();
        loss = new WeightedCrossEntropy(kernels);
        optimizer = new AdamW(AdamW.slots(parameters), new AdamW.Settings(0.9, 0.95, 1e-8, 0), AdamWRule.best(kernels));
        batch = SmolModel.batch();
        firstLoss = step();
        double second = step();
        if (!(second < firstLoss)) {
            throw new AssertionError("the loss did not fall: %s, then %s".formatted(firstLoss, second));
        }
    }

    /// @return the mean loss of the learned tokens
    @Benchmark
    public double step() {
        try (TensorScope _ = TensorScope.open()) {
            parameters.forEach(Parameter::zeroGradient);
            TokenBatch in = TokenBatch.upload(batch);
            Tape tape = Tape.recording();
            Tensor hidden_ND = model.hidden(in, tape);
            LossResult out = loss.at(model.head(), hidden_ND, in, 1.0 / batch.activeRows().length);
            tape.backward(out.hiddenGradient_ND());
            List<Tensor> gradients =
                    parameters.stream().map(Parameter::gradient).toList();
            Tensor norm = GradientNorm.of(kernels, gradients);
            optimizer.step(gradients, RATE, GradientNorm.divisor(norm, CLIP), Tensors.zeros(ScalarType.Float));
            double value = out.lossSum().item_double();
            optimizer.settle();
            return value;
        }
    }
}
