package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import awl.data.BatchStream;
import awl.data.Packer;
import awl.data.Reduction;
import awl.data.Weighting;
import awl.kernel.AdamWTensors;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.loss.WeightedCrossEntropy;
import awl.model.Decoder;
import awl.model.HuggingFaceConfig;
import awl.model.KvCache;
import awl.model.LoraConfig;
import awl.model.ModelConfig;
import awl.model.Segment;
import awl.model.TensorSource;
import awl.optim.AdamW;
import awl.optim.KernelAdamW;
import awl.optim.Schedule;
import awl.parallel.GradientBuckets;
import awl.parallel.World;
import awl.sample.CachePlan;
import awl.sample.DecoderSlots;
import awl.sample.Generator;
import awl.sample.Request;
import awl.sample.Sampling;
import awl.tensor.DeviceHandle;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.Shapes;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// That everything a model computes is where the model is, without a GPU: libtorch's `meta` device has shapes and no
/// numbers, so an operation that mixes it with host memory fails, and so does whoever reads a number. What holds here
/// holds on CUDA: nothing is made in the wrong memory, and a step waits for the device at its end alone.
class MetaDeviceTest {

    private static final int VOCABULARY = 40;

    private static ModelConfig config(String family) {
        ObjectNode json = new JsonMapper().createObjectNode();
        json.put("model_type", family)
                .put("vocab_size", VOCABULARY)
                .put("hidden_size", 32)
                .put("intermediate_size", 48)
                .put("num_hidden_layers", 2)
                .put("num_attention_heads", 4)
                .put("num_key_value_heads", 2)
                .put("head_dim", 8)
                .put("max_position_embeddings", 64)
                .put("sliding_window", 6)
                .put("tie_word_embeddings", family.equals("gemma2") || family.equals("qwen2"));
        if (family.equals("phi3")) {
            ObjectNode rope = json.putObject("rope_scaling").put("type", "longrope");
            json.put("original_max_position_embeddings", 8);
            for (String factors : List.of("short_factor", "long_factor")) {
                for (int i = 0; i < 4; i++) {
                    rope.withArray(factors).add(1.5);
                }
            }
        }
        return HuggingFaceConfig.read(family, json, null);
    }

    /// The reference, with two additions: every tensor that comes in must be on `meta`, and what libtorch has no shape
    /// inference for is left out.
    private static Kernels checked(Set<String> called) {
        Kernels reference = new TorchKernels();
        return (Kernels) Proxy.newProxyInstance(
                Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, (proxy, method, arguments) -> {
                    tensors(arguments == null ? Stream.empty() : Arrays.stream(arguments))
                            .forEach(each -> assertThat(each.is_meta())
                                    .as("%s: memory of %s", method.getName(), DeviceHandle.of(each))
                                    .isTrue());
                    called.add(method.getName());
                    return switch (method.getName()) {
                        case "squaredNorm" -> Tensors.zeros(DeviceHandle.META, ScalarType.Double);
                        case "adamW", "cacheAttention", "sample", "dropout" -> null;
                        case "fusesCacheAttention", "fusesAdamW" -> true;
                        default -> {
                            try {
                                yield method.invoke(reference, arguments);
                            } catch (InvocationTargetException e) {
                                throw e.getCause();
                            }
                        }
                    };
                });
    }

    private static Stream<Tensor> tensors(Stream<Object> arguments) {
        return arguments.flatMap(argument -> switch (argument) {
            case null -> Stream.of();
            case Tensor tensor -> Stream.of(tensor);
            case AdamWTensors each ->
                tensors(Stream.of(each.value(), each.gradient(), each.first(), each.second(), each.rounded()));
            case List<?> list -> tensors(list.stream().map(each -> (Object) each));
            default -> Stream.of();
        });
    }

    /// Method of ours that a failure comes from.
    private static String origin(Throwable failure) {
        return Arrays.stream(failure.getStackTrace())
                .filter(frame -> frame.getClassName().startsWith("awl."))
                .findFirst()
                .map(frame -> frame.getClassName() + "." + frame.getMethodName())
                .orElse("none");
    }

    static Stream<String> steps() {
        return Stream.of("llama", "qwen2", "qwen3", "mistral", "gemma2", "phi3")
                .flatMap(family -> Stream.of("FP32", "BF16")
                        .flatMap(precision -> Stream.of("full", "full recomputed", "lora", "lora recomputed")
                                .map(kind -> family + " " + precision + " " + kind)));
    }

    @ParameterizedTest
    @MethodSource("steps")
    void aStepStaysOnItsDeviceAndIsReadAtItsEndAlone(String step) {
        String[] words = step.split(" ");
        Set<String> called = new java.util.TreeSet<>();
        Kernels kernels = checked(called);
        try (TensorScope scope = TensorScope.open();
                Decoder model =
                        Decoder.random(config(words[0]), 1, Precision.valueOf(words[1]), kernels, DeviceHandle.META)) {
            if (words[2].equals("lora")) {
                model.attach(new LoraConfig(4, 8, List.of(LoraConfig.ALL_LINEAR), 0.1, false), 7);
            }
            model.recompute(words.length > 3);
            assertThat(model.parameters())
                    .allSatisfy(each -> assertThat(each.device()).isEqualTo(DeviceHandle.META));
            Objective objective = new WeightedObjective(model, new WeightedCrossEntropy(kernels));
            BatchStream data = new BatchStream(
                    TinyRun.rows(8, 4), new Weighting(Reduction.TOKEN_MEAN), new Packer(true, 24, 1), 8, false, 1);
            try (AdamW adam = new AdamW(
                    AdamW.slots(objective.trainable()),
                    new AdamW.Settings(0.9, 0.95, 1e-8, 0.1),
                    new KernelAdamW(kernels))) {
                TrainStep run = new TrainStep(
                        World.single(),
                        objective,
                        GradientBuckets.whole(World.single(), objective.trainable(), 1, true),
                        kernels,
                        new RandomStreams(5),
                        new TrainStep.Update(adam, new Schedule.Constant(1e-2, 0), 1.0, () -> {}));
                Throwable failure = catchThrowable(() -> run.run(data.at(1)));
                assertThat(failure).hasMessageContaining("_local_scalar_dense");
                assertThat(origin(failure)).isEqualTo("awl.train.TrainStep.run");
                assertThat(called).contains("linearCrossEntropy", "squaredNorm", "adamW");
            }
        }
    }

    /// The other way round: were something made in host memory, or read too early, the test above would see it.
    @Test
    void whatIsMadeElsewhereOrReadEarlyIsFound() {
        try (TensorScope scope = TensorScope.open()) {
            Kernels kernels = checked(new java.util.TreeSet<>());
            Tensor there = Tensors.empty(DeviceHandle.META, ScalarType.Float, 3, 4);
            Tensor here = Tensors.zeros(ScalarType.Float, 4, 3);
            assertThat(catchThrowable(() -> kernels.matrixProduct(there, here, 1, false, there)))
                    .isInstanceOf(AssertionError.class)
                    .hasMessageContaining("matrixProduct: memory of cpu");
            assertThat(catchThrowable(() -> there.add(here.t()))).hasMessageContaining("same device");
            assertThat(catchThrowable(() -> there.sum().item_double())).hasMessageContaining("_local_scalar_dense");
        }
    }

    @ParameterizedTest
    @CsvSource({"llama", "qwen2", "qwen3", "mistral", "phi3"})
    void generatingStaysOnItsDevice(String family) {
        Set<String> called = new java.util.TreeSet<>();
        try (TensorScope scope = TensorScope.open();
                Decoder model = Decoder.random(config(family), 1, Precision.FP32, checked(called), DeviceHandle.META);
                KvCache cache = model.cache(2, 16)) {
            Tensor logits =
                    model.logits(List.of(new Segment(0, new int[] {1, 2, 3}), new Segment(1, new int[] {4})), cache);
            assertThat(DeviceHandle.of(logits)).isEqualTo(DeviceHandle.META);
            assertThat(Shapes.of(logits)).containsExactly(2, VOCABULARY);
            assertThat(called).contains("cacheAttention", "linear");
        }
    }

    /// A step of generation: the only numbers read are the ids and log-probabilities of all rows, in one
    /// piece.
    @ParameterizedTest
    @CsvSource({"llama, 0", "llama, 0.8"})
    void choosingTokensIsReadOnceAStep(String family, double temperature) {
        Set<String> called = new java.util.TreeSet<>();
        Decoder model = Decoder.random(config(family), 1, Precision.FP32, checked(called), DeviceHandle.META);
        try (model;
                Generator generator = new Generator(new DecoderSlots(model, new CachePlan(2, 16)), null, 16)) {
            for (int stream = 0; stream < 2; stream++) {
                Sampling sampling = new Sampling(temperature, 5, 0.9, 0, 1, 3);
                generator.submit(new Request(stream, new int[] {1, 2, 3}, sampling, 4, List.of(), List.of()));
            }
            Throwable failure = catchThrowable(generator::step);
            assertThat(failure).hasMessageContaining("Cannot copy out of meta tensor");
            assertThat(origin(failure)).isEqualTo("awl.sample.KernelSampler.choose");
            assertThat(called).contains("cacheAttention", "sample");
        }
    }

    @Test
    void aCheckpointIsReadToItsDevice() {
        try (TensorScope scope = TensorScope.open();
                Decoder host = Decoder.random(config("qwen3"), 1, Precision.FP32);
                Decoder loaded = Decoder.load(
                        source(host), Precision.BF16, checked(new java.util.TreeSet<>()), DeviceHandle.META);
                Decoder mapped = Decoder.map(
                        source(host), Precision.FP32, checked(new java.util.TreeSet<>()), true, DeviceHandle.META)) {
            assertThat(loaded.parameters()).allSatisfy(each -> {
                assertThat(each.device()).isEqualTo(DeviceHandle.META);
                assertThat(each.dtype()).isEqualTo(ScalarType.BFloat16);
                assertThat(each.trainable()).isTrue();
            });
            assertThat(mapped.parameters()).allSatisfy(each -> {
                assertThat(each.device()).isEqualTo(DeviceHandle.META);
                assertThat(each.trainable()).isFalse();
            });
        }
    }

    private static TensorSource source(Decoder model) {
        Map<String, Parameter> named = model.parameters().stream()
                .collect(Collectors.toMap(Parameter::name, each -> each, (a, b) -> a, TreeMap::new));
        return new TensorSource() {
            @Override
            public ModelConfig config() {
                return model.config();
            }

            @Override
            public Set<String> names() {
                return named.keySet();
            }

            @Override
            public long[] shape(String name) {
                return Shapes.of(
                        java.util.Objects.requireNonNull(named.get(name)).value());
            }

            @Override
            public Tensor read(String name, ScalarType dtype) {
                return java.util.Objects.requireNonNull(named.get(name))
                        .value()
                        .to(dtype)
                        .clone();
            }

            @Override
            public String where() {
                return "memory";
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void anUpdateThatWasNotReadYetIsCountedLater() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor weight = Tensors.zeros(ScalarType.Float, 3);
            List<AdamW.Slot> slots = List.of(new AdamW.Slot("w", weight));
            try (AdamW adam = new AdamW(slots, new AdamW.Settings(0.9, 0.95, 1e-8, 0), KernelAdamW.plain())) {
                Tensor zero = Tensors.zeros(ScalarType.Float);
                Tensor one = Tensors.zeros(ScalarType.Float).fill_(new Scalar(1.0));
                adam.step(List.of(weight.clone()), 0.1, one, zero);
                adam.step(List.of(weight.clone()), 0.1, one, one);
                adam.settle();
                assertThat(adam.steps()).isEqualTo(1);
            }
        }
    }
}
