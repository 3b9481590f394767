package awl.benchmarks;

import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.sample.Completion;
import awl.sample.Generator;
import awl.sample.Logits;
import awl.sample.Request;
import awl.sample.Sampling;
import awl.sample.SlotModel;
import awl.sample.TensorLogits;
import awl.tensor.Threads;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.bytedeco.pytorch.Scalar;
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

/// Are the tokens of a step chosen faster in Java or by our kernel, in host memory? One operation is a
/// whole step of the generator over a model that takes no time.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Fork(1)
@Warmup(iterations = 3, time = 300, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 10, time = 200, timeUnit = TimeUnit.MILLISECONDS)
@SuppressWarnings("NullAway.Init") // JMH fills the state.
public class SampleBenchmark {

    private static final int VOCABULARY = 49_152;

    @Param({"java", "native"})
    public String provider;

    @Param({"1", "16"})
    public int rows;

    @Param({"greedy", "temperature", "top-k 50 top-p 0.95"})
    public String settings;

    private Generator generator;

    @Setup
    public void prepare() {
        Threads.set(Machine.threads());
        Kernels kernels = chosen(provider.equals("java") ? new TorchKernels() : Machine.kernels("native"));
        torch.manual_seed(1);
        Tensor logits_SV = torch.randn(rows, VOCABULARY).mul_(new Scalar(2.5));
        requireSameAsJava(kernels, logits_SV);
        generator = generator(kernels, logits_SV, 1 << 30);
    }

    /// The same with sampling by the kernel, or not, whatever is the rule on this device.
    private Kernels chosen(Kernels kernels) {
        return (Kernels) Proxy.newProxyInstance(
                Kernels.class.getClassLoader(),
                new Class<?>[] {Kernels.class},
                (proxy, method, arguments) -> method.getName().equals("samplesOn")
                        ? (Object) provider.equals("native")
                        : method.invoke(kernels, arguments));
    }

    private Generator generator(Kernels kernels, Tensor logits_SV, int newTokens) {
        Generator made = new Generator(new FixedLogits(logits_SV, kernels), null, 1 << 20);
        requests(newTokens).forEach(made::submit);
        return made;
    }

    private List<Request> requests(int newTokens) {
        Sampling sampling = switch (settings) {
            case "greedy" -> Sampling.GREEDY;
            case "temperature" -> Sampling.at(0.8, 1);
            default -> new Sampling(0.8, 50, 0.95, 0, 1, 1);
        };
        List<Request> requests = new ArrayList<>();
        for (int row = 0; row < rows; row++) {
            // No beginning in common.
            requests.add(new Request(row, new int[] {row}, sampling, newTokens, List.of(), List.of()));
        }
        return requests;
    }

    private void requireSameAsJava(Kernels kernels, Tensor logits_SV) {
        List<int[]> ids = new ArrayList<>();
        for (Kernels each : List.of(kernels, new TorchKernels())) {
            try (Generator generator = new Generator(new FixedLogits(logits_SV, each), null, 1 << 20)) {
                ids.add(generator.complete(requests(20)).stream()
                        .map(Completion::ids)
                        .flatMapToInt(Arrays::stream)
                        .toArray());
            }
        }
        if (!Arrays.equals(ids.get(0), ids.get(1))) {
            throw new AssertionError(provider + ": other tokens than Java's");
        }
    }

    @Benchmark
    public boolean step() {
        return generator.step();
    }

    /// Answers every step with the same logits.
    private record FixedLogits(Tensor logits_SV, Kernels kernels) implements SlotModel {

        @Override
        public int vocabularySize() {
            return VOCABULARY;
        }

        @Override
        public int slots() {
            return Math.toIntExact(logits_SV.size(0));
        }

        @Override
        public int capacity() {
            return 1 << 30;
        }

        @Override
        public int length(int slot) {
            return 0;
        }

        @Override
        public void truncate(int slot, int length) {}

        @Override
        public void copyPrefix(int from, int to, int length) {}

        @Override
        public Logits append(List<Piece> pieces) {
            return new TensorLogits(logits_SV.alias(), kernels);
        }

        @Override
        public void close() {}
    }
}
