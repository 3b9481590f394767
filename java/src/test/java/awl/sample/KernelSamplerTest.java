package awl.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.NativeException;
import awl.ShapeException;
import awl.kernel.EmulatedCuda;
import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.DeviceHandle;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.lang.reflect.Proxy;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/// That [awl.kernel.Kernels#sample] chooses what [Sampler] chooses, by each implementation.
final class KernelSamplerTest {

    enum Provider {
        REFERENCE {
            @Override
            Kernels open() {
                return new TorchKernels();
            }
        },
        CPU {
            @Override
            Kernels open() {
                return KernelSelection.forThisMachine(KernelSelection.Wanted.AUTO)
                        .open();
            }
        },
        CUDA_EMULATED {
            @Override
            Kernels open() {
                return EmulatedCuda.open();
            }
        };

        abstract Kernels open();
    }

    private static final double[] TEMPERATURES = {0, 1e-310, 1e-3, 0.3, 0.7, 1, 1.3, 2, 50, 1e300};

    /// Rows of many kinds: few and many classes, many equals, next to nothing between them, classes ruled
    /// out.
    private static float[][] rows(Random random, int count) {
        int classes = 1 + random.nextInt(random.nextInt(4) == 0 ? 900 : 120);
        double scale = new double[] {0, 0.1, 1, 4, 30}[random.nextInt(5)];
        double grid = random.nextInt(3) == 0 ? 0.5 : 0;
        float[][] rows = new float[count][classes];
        for (float[] row : rows) {
            for (int v = 0; v < classes; v++) {
                double z = scale * random.nextGaussian() - 7;
                row[v] = (float) (grid > 0 ? grid * Math.rint(z / grid) : z);
                if (random.nextInt(20) == 0) {
                    row[v] = Float.NEGATIVE_INFINITY;
                }
            }
            row[random.nextInt(classes)] = -5;
        }
        return rows;
    }

    private static Sampling settings(Random random, int classes) {
        return new Sampling(
                TEMPERATURES[random.nextInt(TEMPERATURES.length)],
                random.nextBoolean() ? 0 : 1 + random.nextInt(classes + 3),
                random.nextBoolean() ? 1 : random.nextInt(8) == 0 ? 1e-9 : random.nextDouble(),
                random.nextInt(3) > 0 ? 0 : random.nextInt(8) == 0 ? 1 : random.nextDouble(),
                1,
                random.nextInt());
    }

    private static Tensor tensor(float[][] rows) {
        float[] flat = new float[rows.length * rows[0].length];
        for (int row = 0; row < rows.length; row++) {
            System.arraycopy(rows[row], 0, flat, row * rows[0].length, rows[0].length);
        }
        return Tensors.floats(flat).reshape(rows.length, rows[0].length);
    }

    @ParameterizedTest
    @CsvSource({"REFERENCE, 100", "CPU, 100", "CUDA_EMULATED, 60"})
    void thousandsOfRowsGetTheTokensThatJavaChooses(Provider provider, int rounds) {
        Kernels kernels = provider.open();
        Random random = new Random(41);
        int drawnOtherwise = 0;
        for (int round = 0; round < rounds; round++) {
            float[][] rows = rows(random, 50);
            Logits plain = new ArrayLogits(rows);
            List<Choice> expected = new ArrayList<>();
            Map<Integer, Draw> draws = new HashMap<>();
            for (int row = 0; row < rows.length; row++) {
                Sampler sampler = new Sampler(settings(random, rows[row].length), random.nextInt());
                Draw draw = sampler.draw();
                assertThat(draw).isNotNull();
                Choice choice = sampler.next(plain, row, new Sampler.Scratch());
                expected.add(choice);
                if (random.nextInt(10) > 0) {
                    draws.put(row, draw);
                }
                drawnOtherwise += choice.id() == Sampler.argmax(rows[row]) ? 0 : 1;
            }
            try (TensorScope scope = TensorScope.open()) {
                Map<Integer, Choice> chosen = KernelSampler.choose(kernels, tensor(rows), draws);
                assertThat(chosen.keySet()).isEqualTo(draws.keySet());
                chosen.forEach((row, choice) -> {
                    Choice java = expected.get(row);
                    assertThat(choice.id())
                            .as("%s, %d classes", draws.get(row), rows[row].length)
                            .isEqualTo(java.id());
                    assertThat(choice.logProb()).isCloseTo(java.logProb(), within(1e-5 * (1 - java.logProb())));
                });
            }
        }
        assertThat(drawnOtherwise).isGreaterThan(rounds * 10); // not all rows are decided by their largest logit
    }

    @ParameterizedTest
    @EnumSource(Provider.class)
    void greedyTakesTheLowestIdAmongEqualsAndTinyTemperaturesOneOfThem(Provider provider) {
        float[] row = new float[700];
        row[200] = row[300] = row[699] = 2;
        Tensor logits = tensor(new float[][] {row, row, row});
        Map<Integer, Choice> chosen = KernelSampler.choose(
                provider.open(),
                logits,
                Map.of(
                        0, new Draw(Sampling.GREEDY, 0.9),
                        1, new Draw(Sampling.at(1e-320, 0), 0.5),
                        2, new Draw(Sampling.at(Double.MIN_VALUE, 0), 0.99)));
        assertThat(new TreeMap<>(chosen).values().stream().map(Choice::id)).containsExactly(200, 300, 699);
    }

    /// The generator then asks Java's sampler, whose message tells what is wrong.
    @ParameterizedTest
    @EnumSource(Provider.class)
    void rowsThatAreNotNumbersGetNoChoice(Provider provider) {
        float nothing = Float.NEGATIVE_INFINITY;
        Tensor logits = tensor(new float[][] {
            {1, Float.NaN, 2}, {1, Float.POSITIVE_INFINITY, 2}, {nothing, nothing, nothing}, {nothing, 1, nothing}
        });
        for (Sampling sampling : List.of(Sampling.GREEDY, new Sampling(1, 2, 0.9, 0.1, 1, 0))) {
            Draw draw = new Draw(sampling, 0.5);
            Map<Integer, Choice> chosen =
                    KernelSampler.choose(provider.open(), logits, Map.of(0, draw, 1, draw, 2, draw, 3, draw));
            assertThat(chosen).isEqualTo(Map.of(3, new Choice(1, 0)));
        }
    }

    @ParameterizedTest
    @EnumSource(Provider.class)
    void whatDoesNotFitIsRefused(Provider provider) {
        Kernels kernels = provider.open();
        Tensor logits = Tensors.zeros(ScalarType.Float, 2, 3);
        Tensor settings = Tensors.zeros(ScalarType.Double, 2, 4);
        Tensor uniform = Tensors.zeros(ScalarType.Double, 2);
        Tensor id = Tensors.zeros(ScalarType.Long, 2);
        Tensor logProb = Tensors.zeros(ScalarType.Float, 2);
        assertThatThrownBy(() -> kernels.sample(logits, settings.narrow(0, 0, 1), uniform, id, logProb))
                .isInstanceOf(ShapeException.class)
                .hasMessage("settings: expected (B, 4) = [2, 4] got [1, 4]");
        assertThatThrownBy(() -> kernels.sample(logits, settings, uniform.to(ScalarType.Float), id, logProb))
                .isInstanceOf(ShapeException.class)
                .hasMessageContaining("uniform: expected dtype [Double] got Float");
        assertThatThrownBy(() -> kernels.sample(logits.narrow(1, 0, 0), settings, uniform, id, logProb))
                .isInstanceOf(ShapeException.class)
                .hasMessage("logits: expected at least one class, got none");
        kernels.sample(
                logits.narrow(0, 0, 0),
                settings.narrow(0, 0, 0),
                uniform.narrow(0, 0, 0),
                id.narrow(0, 0, 0),
                logProb.narrow(0, 0, 0));
    }

    @Test
    void theHostSamplesInJavaAndADeviceByItsKernels() {
        Kernels reference = new TorchKernels();
        assertThat(reference.samplesOn(DeviceHandle.CPU)).isFalse();
        assertThat(reference.sampler(DeviceHandle.CPU)).isEqualTo("Java on the host");
        assertThat(reference.sampler(DeviceHandle.cuda(1))).isEqualTo("reference on cuda:1");
        assertThat(Provider.CPU.open().samplesOn(DeviceHandle.CPU)).isFalse();
        assertThat(Provider.CUDA_EMULATED.open().sampler(DeviceHandle.CPU)).isEqualTo("native (cuda) on cpu");
    }

    /// A scripted model whose logits lie where its kernels compute.
    ///
    /// @param added to each row's first logit
    private record OnDevice(ScriptedModel model, Kernels kernels, float added) implements SlotModel {

        @Override
        public int vocabularySize() {
            return model.vocabularySize();
        }

        @Override
        public int slots() {
            return model.slots();
        }

        @Override
        public int capacity() {
            return model.capacity();
        }

        @Override
        public int length(int slot) {
            return model.length(slot);
        }

        @Override
        public void truncate(int slot, int length) {
            model.truncate(slot, length);
        }

        @Override
        public void copyPrefix(int from, int to, int length) {
            model.copyPrefix(from, to, length);
        }

        @Override
        public Logits append(List<Piece> pieces) {
            float[][] rows = ((ArrayLogits) model.append(pieces)).rows();
            for (float[] row : rows) {
                row[0] += added;
            }
            return new TensorLogits(tensor(rows), kernels);
        }

        @Override
        public void close() {
            model.close();
        }
    }

    private static List<Request> requests() {
        Random random = new Random(9);
        List<Request> requests = new ArrayList<>();
        for (int n = 0; n < 20; n++) {
            Sampling sampling = switch (n % 4) {
                case 0 -> Sampling.GREEDY;
                case 1 -> Sampling.at(0.8, 3);
                case 2 -> new Sampling(1.2, 20, 0.9, 0.02, 1, 5);
                default -> new Sampling(1, 20, 0.9, 0, 1.3, 5); // penalised: chosen in Java
            };
            int[] prompt = random.ints(1 + random.nextInt(30), 0, 60).toArray();
            requests.add(new Request(n, prompt, sampling, 1 + random.nextInt(12), List.of(7), List.of()));
        }
        return requests;
    }

    private static List<Completion> answers(SlotModel model, int alternativesOf) {
        List<CompletableFuture<Completion>> answers = new ArrayList<>();
        try (Generator generator = new Generator(model, null, 16)) {
            List<Request> requests = requests();
            for (int n = 0; n < requests.size(); n++) {
                int wanted = n == alternativesOf ? 3 : 0;
                answers.add(generator.submit(requests.get(n), new TokenListener() {
                    @Override
                    public int alternatives() {
                        return wanted;
                    }

                    @Override
                    public void token(int id, double logProb, List<Alternative> alternatives) {
                        assertThat(alternatives).hasSize(wanted);
                    }
                }));
            }
            while (generator.step()) {
                // to the end
            }
        }
        return answers.stream().map(CompletableFuture::join).toList();
    }

    @ParameterizedTest
    @EnumSource(value = Provider.class, names = "CUDA_EMULATED")
    void aGeneratorAnswersTheSameEitherWay(Provider provider) {
        List<Completion> expected = answers(new ScriptedModel(60, 6, 100), -1);
        AtomicInteger there = new AtomicInteger();
        Kernels kernels = counting(provider.open(), there);
        List<Completion> got = answers(new OnDevice(new ScriptedModel(60, 6, 100), kernels, 0), 2);
        for (int n = 0; n < expected.size(); n++) {
            assertThat(got.get(n).ids())
                    .as("request %d", n)
                    .isEqualTo(expected.get(n).ids());
            double[] wanted = expected.get(n).logProbs();
            for (int t = 0; t < wanted.length; t++) {
                assertThat(got.get(n).logProbs()[t]).isCloseTo(wanted[t], within(1e-5));
            }
        }
        int drawn = expected.stream().mapToInt(each -> each.ids().length).sum();
        int penalised = 0;
        for (int n = 3; n < expected.size(); n += 4) {
            penalised += expected.get(n).ids().length;
        }
        assertThat(there).hasValue(drawn - penalised - expected.get(2).ids().length);
    }

    @ParameterizedTest
    @EnumSource(value = Provider.class, names = "CUDA_EMULATED")
    void logitsThatAreNotNumbersAreTheErrorTheyWere(Provider provider) {
        SlotModel broken = new OnDevice(new ScriptedModel(10, 1, 20), provider.open(), Float.NaN);
        try (Generator generator = new Generator(broken, null, 16)) {
            CompletableFuture<Completion> answer =
                    generator.submit(Request.of(new int[] {1}, Sampling.at(1, 0), 3, List.of()));
            assertThatThrownBy(generator::step)
                    .isInstanceOf(NativeException.class)
                    .hasMessageContaining("the model's logits are not numbers (log of their sum is NaN)");
            assertThat(answer).isCompletedExceptionally();
        }
    }

    /// Counts the rows that a kernel is asked for.
    private static Kernels counting(Kernels kernels, AtomicInteger rows) {
        return (Kernels) Proxy.newProxyInstance(
                Kernels.class.getClassLoader(), new Class<?>[] {Kernels.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("sample")) {
                        Tensor temperature_B = ((Tensor) arguments[1]).select(1, 0);
                        rows.addAndGet(
                                (int) temperature_B.ge(new Scalar(0.0)).sum().item_long());
                    }
                    return method.invoke(kernels, arguments);
                });
    }
}
