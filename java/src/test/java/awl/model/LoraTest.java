package awl.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import awl.CheckpointException;
import awl.ConfigException;
import awl.data.Batch;
import awl.kernel.Kernels;
import awl.kernel.TestedKernels;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.Safetensors;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Value;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Adapters against peft's numbers, and what must hold of any adapter.
final class LoraTest {

    private static List<LoraWeights> peft(Golden golden, double scaling) {
        List<LoraWeights> weights = new ArrayList<>();
        try (Safetensors file = Safetensors.open(golden.folder().resolve("lora/adapter_model.safetensors"))) {
            for (String name : file.names()) {
                if (name.endsWith(".lora_A.weight")) {
                    String module = name.substring(Lora.PREFIX.length(), name.length() - ".lora_A.weight".length());
                    weights.add(new LoraWeights(
                            module,
                            file.read(name, ScalarType.Float),
                            file.read(name.replace(".lora_A.", ".lora_B."), ScalarType.Float),
                            scaling));
                }
            }
        }
        return weights;
    }

    @ParameterizedTest
    @CsvSource({"llama, reference", "llama, native", "qwen2, reference", "qwen2, native"})
    void logitsNllAndGradientsOfPeft(String family, String by) {
        Kernels kernels = TestedKernels.of(by);
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.adapterOf(family);
                Golden base = Golden.of(family);
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32, kernels)) {
            model.attach(peft(golden, 8.0 / 4), 0, 1);
            // The adapter's cases are on the base model's tokens.
            TokenBatch in = TokenBatch.upload(base.batch());
            Tensor logits = model.head().logits(model.hidden(in, Tape.none()));
            List<Tensor> rows = new ArrayList<>();
            Tensor expected = golden.expected("logits");
            for (int d = 0; d < in.batch().documents(); d++) {
                int from = in.documentStart()[d];
                int length = in.documentStart()[d + 1] - from;
                rows.add(expected.select(0, d).narrow(0, 0, length));
            }
            assertThat(Golden.worst(
                            logits, torch.cat(new org.bytedeco.pytorch.TensorVector(rows.toArray(new Tensor[0])), 0)))
                    .isLessThan(2e-5);

            Golden.step(model, List.of(base.batch()), kernels);
            TreeMap<String, Tensor> gradients = Golden.gradients(model);
            assertThat(gradients.keySet())
                    .containsExactlyInAnyOrderElementsOf(golden.gradients().stream()
                            .map(name -> name.substring("grad.".length()))
                            .toList());
            gradients.forEach((name, gradient) -> assertThat(Golden.distance(gradient, golden.expected("grad." + name)))
                    .as(name)
                    .isLessThan(1e-4));
            for (Parameter parameter : model.parameters()) {
                assertThat(parameter.trainable()).isEqualTo(parameter.name().contains(".lora_"));
                assertThat(parameter.gradient() == null).isEqualTo(!parameter.trainable());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"llama", "phi3", "gemma2"})
    void mergedIsTheSameModel(String family) {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family);
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32)) {
            TokenBatch in = TokenBatch.upload(golden.batch());
            Tensor plain = model.hidden(in, Tape.none());
            model.attach(new LoraConfig(4, 8, List.of(LoraConfig.ALL_LINEAR), 0, true), 5);
            assertThat(model.hidden(in, Tape.none()).equal(plain))
                    .as("B starts at zero")
                    .isTrue();
            for (Linear linear : model.adapters().adapted()) {
                Lora adapter = requireNonNull(linear.adapter());
                assertThat(adapter.scaling()).isEqualTo(4);
                adapter.b()
                        .value()
                        .normal_(0, 0.05, new org.bytedeco.pytorch.GeneratorOptional(torch.createCPUGenerator(7)));
            }
            Tensor adapted = model.hidden(in, Tape.none());
            assertThat(Golden.worst(adapted, plain)).isGreaterThan(1e-2);
            for (Linear linear : model.adapters().adapted()) {
                linear.weight().value().copy_(Adapters.merged(linear));
                linear.adapter(null);
            }
            assertThat(Golden.worst(model.hidden(in, Tape.none()), adapted)).isLessThan(2e-5);
        }
    }

    @Test
    void dropoutIsAFunctionOfSeedAndStep() {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of("llama");
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32)) {
            attachWithDropout(model);
            TreeMap<String, Tensor> first = gradients(model, golden, 0, false);
            TreeMap<String, Tensor> second = gradients(model, golden, 1, false);
            first.forEach((name, gradient) -> {
                assertThat(gradient.equal(requireNonNull(second.get(name))))
                        .as(name)
                        .isFalse();
                assertThat(gradient.equal(requireNonNull(
                                gradients(model, golden, 0, false).get(name))))
                        .isTrue();
                assertThat(gradient.equal(
                                requireNonNull(gradients(model, golden, 0, true).get(name))))
                        .isTrue();
            });
        }
    }

    /// Adapters whose B is not zero, so that what falls out shows.
    private static void attachWithDropout(Decoder model) {
        model.attach(new LoraConfig(4, 8, List.of("q_proj", "mlp.down_proj"), 0.3, false), 5);
        for (Linear linear : model.adapters().adapted()) {
            requireNonNull(linear.adapter())
                    .b()
                    .value()
                    .normal_(0, 0.05, new org.bytedeco.pytorch.GeneratorOptional(torch.createCPUGenerator(7)));
        }
    }

    private static TreeMap<String, Tensor> gradients(Decoder model, Golden golden, long step, boolean recompute) {
        model.parameters().forEach(Parameter::zeroGradient);
        model.adapters().startStep(step);
        model.recompute(recompute);
        Golden.step(model, List.of(golden.batch()));
        return Golden.gradients(model);
    }

    /// However documents are laid into micro-batches, and whichever rank has them: the same numbers fall.
    @Test
    void dropoutDoesNotDependOnThePacking() {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of("llama");
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP64)) {
            attachWithDropout(model);
            TreeMap<String, Tensor> packed = gradients(model, golden, 4, false);
            model.parameters().forEach(Parameter::zeroGradient);
            Golden.step(
                    model,
                    golden.documents().reversed().stream()
                            .map(each -> Batch.of(List.of(each)))
                            .toList());
            Golden.gradients(model)
                    .forEach((name, gradient) -> assertThat(Golden.worst(gradient, requireNonNull(packed.get(name))))
                            .as(name)
                            .isLessThan(1e-12));
        }
    }

    /// dL/dA and dL/dB against finite differences, dropout included.
    @Test
    void gradientsAreThoseOfFiniteDifferences() {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of("phi3");
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP64)) {
            model.attach(new LoraConfig(2, 4, List.of("qkv_proj", "gate_up_proj", "o_proj"), 0.2, false), 11);
            for (Linear linear : model.adapters().adapted()) {
                requireNonNull(linear.adapter())
                        .b()
                        .value()
                        .normal_(0, 0.05, new org.bytedeco.pytorch.GeneratorOptional(torch.createCPUGenerator(7)));
            }
            TreeMap<String, Tensor> gradients = gradients(model, golden, 3, false);
            for (Parameter parameter : model.trainable()) {
                Tensor direction = torch.randn_like(parameter.value());
                double analytic = direction
                        .mul(requireNonNull(gradients.get(parameter.name())))
                        .sum()
                        .item_double();
                double step = 1e-5;
                double up = lossAt(model, golden, parameter, direction, step);
                double down = lossAt(model, golden, parameter, direction, -step);
                assertThat((up - down) / (2 * step))
                        .as(parameter.name())
                        .isCloseTo(analytic, org.assertj.core.data.Offset.offset(1e-6 + 1e-5 * Math.abs(analytic)));
            }
        }
    }

    private static double lossAt(Decoder model, Golden golden, Parameter parameter, Tensor direction, double step) {
        Tensor original = parameter.value().clone();
        parameter.value().add_(direction, new org.bytedeco.pytorch.Scalar(step));
        model.adapters().startStep(3);
        double loss = Golden.step(model, List.of(golden.batch()));
        parameter.value().copy_(original);
        return loss;
    }

    /// Early in training an adapter's part is a small share of one step of bfloat16. Added to outputs
    /// that are rounded already it would vanish, and nothing would be learned; it must count on average,
    /// for many rows and for few.
    @ParameterizedTest
    @CsvSource({"reference, 300", "native, 300", "reference, 9", "native, 9"})
    void aPartSmallerThanARoundingIsNotLost(String by, long rows) {
        Kernels kernels = TestedKernels.of(by);
        torch.manual_seed(rows);
        try (TensorScope scope = TensorScope.open();
                Linear linear = new Linear("m", new Parameter("m.weight", bf16(700, 64)), null)) {
            Projection projection = new Projection(List.of(linear), kernels);
            Tensor x = bf16(rows, 64);
            Tensor without = wide(projection.forward(Tape.none(), Value.constant(x), null));
            Tensor a = torch.randn(4, 64);
            // Outputs are some 8, their steps 2^-5; this is a thirtieth of that.
            Tensor b = torch.randn(700, 4).mul_(new Scalar(6e-5));
            linear.adapter(new Lora(new Parameter("m.a", a), new Parameter("m.b", b), 1, new LoraDropout(0, 0)));
            Tensor part = wide(projection.forward(Tape.none(), Value.constant(x), null))
                    .sub(without);
            Tensor expected = torch.mm(
                    torch.mm(x.to(ScalarType.Double), a.to(ScalarType.Double).t()),
                    b.to(ScalarType.Double).t());
            double share = part.mul(expected).sum().item_double()
                    / expected.square().sum().item_double();
            assertThat(share).isBetween(0.6, 1.4);
        }
    }

    private static Tensor bf16(long rows, long columns) {
        return torch.randn(rows, columns).to(ScalarType.BFloat16);
    }

    private static Tensor wide(Value value) {
        return value.tensor().to(ScalarType.Double);
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of("phi3");
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32)) {
            assertThatThrownBy(() -> model.attach(new LoraConfig(4, 8, List.of("q_proj", "o_proj"), 0, false), 1))
                    .isInstanceOf(ConfigException.class)
                    .hasMessageContaining("q_proj")
                    .hasMessageContaining("qkv_proj");
            assertThatThrownBy(() -> new LoraConfig(0, 8, List.of("o_proj"), 0, false))
                    .hasMessageContaining("lora.rank");
        }
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.adapterOf("llama");
                TensorSource source = Checkpoint.open(Golden.of("phi3").folder());
                Decoder model = Decoder.load(source, Precision.FP32)) {
            assertThatThrownBy(() -> model.attach(peft(golden, 2), 0, 1))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageContaining("another base model");
        }
    }
}
