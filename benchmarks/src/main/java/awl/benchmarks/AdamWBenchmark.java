package awl.benchmarks;

import awl.kernel.AdamWStep;
import awl.kernel.AdamWTensors;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.optim.AdamWRule;
import awl.optim.FusedAdamW;
import awl.optim.KernelAdamW;
import awl.tensor.Tensors;
import awl.tensor.Threads;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;
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

/// Does a step of AdamW run at the speed of memory ([MemoryBandwidthBenchmark], in the same run), and the global norm?
///
/// Bytes an element: a step 28 (reads value, gradient and moments, writes all but the gradient, every line
/// of it read before), 30 with bf16 copies and 32 with the reading of their lines; libtorch's kernel writes
/// the divided gradient as well, 32; the norm 4.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class AdamWBenchmark {

    /// libtorch's fused kernel with its own norms, the same in single operations, ours.
    @Param({"libtorch", "plain", "native"})
    public String provider;

    /// Tensors of SmolLM2-135M, the same in bfloat16 beside float32 masters, LoRA r16 on all its linear layers.
    @Param({"full", "bf16", "lora"})
    public String tensors;

    private final AdamWStep step = new AdamWStep(10, 1e-5, 0.9, 0.95, 1e-8);
    private Kernels kernels;
    private AdamWRule rule;
    private List<AdamWTensors> model;
    private List<Tensor> gradients;
    private Tensor divisor;
    private Tensor skip;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        kernels = Machine.kernels(provider.equals("native") ? "native" : "reference");
        rule = provider.equals("libtorch") ? new FusedAdamW() : new KernelAdamW(kernels);
        divisor = Tensors.floats(1.5f).squeeze();
        skip = Tensors.floats(0).squeeze();
        requireSameAsReference();
        model = new ArrayList<>();
        for (long[] shape : shapes(tensors)) {
            model.add(tensors(shape, tensors.equals("bf16")));
        }
        gradients = model.stream().map(AdamWTensors::gradient).toList();
    }

    private static List<long[]> shapes(String tensors) {
        List<long[]> shapes = new ArrayList<>();
        long[][] linears = {{576, 576}, {192, 576}, {192, 576}, {576, 576}, {1536, 576}, {1536, 576}, {576, 1536}};
        for (int layer = 0; layer < 30; layer++) {
            for (long[] linear : linears) {
                if (tensors.equals("lora")) {
                    shapes.add(new long[] {16, linear[1]});
                    shapes.add(new long[] {linear[0], 16});
                } else {
                    shapes.add(linear);
                }
            }
        }
        if (!tensors.equals("lora")) {
            shapes.add(new long[] {49152, 576});
            for (int norm = 0; norm < 61; norm++) {
                shapes.add(new long[] {576});
            }
        }
        return shapes;
    }

    private static AdamWTensors tensors(long[] shape, boolean masters) {
        Tensor value = torch.randn(shape);
        @Nullable Tensor rounded = masters ? value.to(ScalarType.BFloat16) : null;
        Tensor gradient = torch.randn(shape);
        return new AdamWTensors(value, gradient, gradient.clone(), gradient.square(), rounded, 0.1);
    }

    private void requireSameAsReference() {
        torch.manual_seed(1);
        List<AdamWTensors> ours = List.of(tensors(new long[] {1000, 77}, true));
        torch.manual_seed(1);
        List<AdamWTensors> expected = List.of(tensors(new long[] {1000, 77}, true));
        rule.update(ours, step, divisor, skip);
        new TorchKernels().adamW(expected, step, divisor, skip);
        Machine.requireSame(
                provider + ": a step",
                ours.getFirst().value(),
                expected.getFirst().value(),
                1e-6,
                1e-7);
    }

    @Benchmark
    public Tensor step() {
        try (PointerScope _ = new PointerScope()) {
            rule.update(model, step, divisor, skip);
        }
        return model.getFirst().value();
    }

    @Benchmark
    public double norm() {
        try (PointerScope _ = new PointerScope()) {
            return kernels.squaredNorm(gradients).item_double();
        }
    }
}
