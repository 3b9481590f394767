package awl.model;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import awl.data.Batch;
import awl.data.Datum;
import awl.kernel.HeadLoss;
import awl.kernel.HeadOptions;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Parameter;
import awl.tensor.Safetensors;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.provider.Arguments;

/// Reference numbers of one tiny checkpoint, and the comparisons made with them.
final class Golden implements AutoCloseable {

    static final List<String> FAMILIES = List.of("llama", "llama_tied", "qwen2", "qwen3", "mistral", "gemma2", "phi3");

    /// Every family with the reference kernels and with those of the library.
    static final List<Arguments> RUNS = FAMILIES.stream()
            .flatMap(family -> Stream.of(Arguments.of(family, "reference"), Arguments.of(family, "native")))
            .toList();

    private final Path folder;
    private final Safetensors cases;

    private Golden(Path folder, Path cases) {
        this.folder = folder;
        this.cases = Safetensors.open(cases);
    }

    static Golden of(String family) {
        Path folder = Shared.resource("golden/models/" + family);
        return new Golden(folder, folder.resolve("cases.safetensors"));
    }

    static Golden adapterOf(String family) {
        Path folder = Shared.resource("golden/models/" + family);
        return new Golden(folder, folder.resolve("lora/cases.safetensors"));
    }

    Path folder() {
        return folder;
    }

    Tensor expected(String name) {
        return cases.read(name, ScalarType.Float);
    }

    Tensor ids(String name) {
        return cases.read(name, ScalarType.Long);
    }

    boolean has(String name) {
        return cases.names().contains(name);
    }

    /// Gradients there are reference numbers for.
    List<String> gradients() {
        return cases.names().stream().filter(name -> name.startsWith("grad.")).toList();
    }

    /// The rows without their padding. Each document keeps its last token as an input whose target has no weight, so
    /// that every reference logit has a row here.
    Batch batch() {
        return Batch.of(documents());
    }

    List<Datum> documents() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor ids = ids("input_ids");
            Tensor lengths = ids("lengths");
            Tensor weights = expected("weights");
            List<Datum> documents = new ArrayList<>();
            for (int b = 0; b < ids.size(0); b++) {
                int length = (int) lengths.select(0, b).item_long();
                int[] row = new int[length];
                float[] weight = new float[length];
                for (int t = 0; t < length; t++) {
                    row[t] = (int) ids.select(0, b).select(0, t).item_long();
                    weight[t] = weights.select(0, b).select(0, t).item_float();
                }
                int[] targets = Arrays.copyOf(Arrays.copyOfRange(row, 1, length), length);
                float[] shifted = Arrays.copyOf(Arrays.copyOfRange(weight, 1, length), length);
                documents.add(new Datum("row " + b, row, targets, shifted));
            }
            return documents;
        }
    }

    /// Rows of a padded reference tensor `[B, T, ...]` that are no padding, end to end.
    Tensor flat(String name) {
        Tensor padded = expected(name);
        Tensor lengths = ids("lengths");
        org.bytedeco.pytorch.TensorVector rows = new org.bytedeco.pytorch.TensorVector();
        for (int b = 0; b < padded.size(0); b++) {
            rows.push_back(padded.select(0, b).narrow(0, 0, lengths.select(0, b).item_long()));
        }
        return org.bytedeco.pytorch.global.torch.cat(rows, 0);
    }

    /// One forward and backward pass over micro-batches with loss `sum(w nll) / sum(w)`; gradients are in the
    /// parameters, the return value is the loss.
    static double step(Decoder model, List<Batch> microBatches) {
        return step(model, microBatches, new TorchKernels());
    }

    /// @param kernels computes the loss
    static double step(Decoder model, List<Batch> microBatches, Kernels kernels) {
        double total = 0;
        for (Batch batch : microBatches) {
            for (float weight : batch.weights()) {
                total += weight;
            }
        }
        double loss = 0;
        for (Batch batch : microBatches) {
            try (TensorScope scope = TensorScope.open()) {
                TokenBatch in = TokenBatch.upload(batch);
                Tape tape = Tape.recording();
                Tensor hidden = model.hidden(in, tape);
                HeadLoss out = kernels.linearCrossEntropy(
                        hidden,
                        model.head().weight().value(),
                        in.targets_N(),
                        in.weights_N().mul(new Scalar(1 / total)),
                        in.activeRows_A(),
                        model.head().weight().gradient(),
                        HeadOptions.standard().withSoftCap(model.head().softCap()));
                loss += out.lossSum().item_double();
                tape.backward(out.hiddenGradient_ND());
            }
        }
        return loss;
    }

    /// Copies of all gradients in float64, by name.
    static TreeMap<String, Tensor> gradients(Decoder model) {
        TreeMap<String, Tensor> all = new TreeMap<>();
        for (Parameter parameter : model.trainable()) {
            Tensor gradient = parameter.gradient();
            assertThat(gradient).isNotNull();
            all.put(parameter.name(), gradient.to(ScalarType.Double).clone());
        }
        return all;
    }

    /// Relative L2 distance.
    static double distance(Tensor actual, Tensor expected) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor a = actual.to(ScalarType.Double);
            Tensor e = expected.to(ScalarType.Double);
            return a.sub(e).norm().item_double() / Math.max(e.norm().item_double(), 1e-30);
        }
    }

    /// Largest absolute difference relative to the largest expected number.
    static double worst(Tensor actual, Tensor expected) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor a = actual.to(ScalarType.Double);
            Tensor e = expected.to(ScalarType.Double);
            return a.sub(e).abs().max().item_double() / e.abs().max().item_double();
        }
    }

    @Override
    public void close() {
        cases.close();
    }
}
