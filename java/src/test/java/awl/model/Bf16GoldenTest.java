package awl.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import awl.Json;
import awl.Shared;
import awl.kernel.Kernels;
import awl.kernel.TestedKernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;

/// The acceptance rule of bfloat16: no tensor is further from float64 than three times what transformers in
/// bfloat16 is. Weights are rounded first in either run, so that only arithmetic differs.
final class Bf16GoldenTest {

    static final List<Arguments> RUNS = Golden.RUNS;

    private static final double ALLOWED = 3;

    /// A source whose numbers have all been through bfloat16.
    private record Rounded(TensorSource source) implements TensorSource {

        @Override
        public ModelConfig config() {
            return source.config();
        }

        @Override
        public Set<String> names() {
            return source.names();
        }

        @Override
        public long[] shape(String name) {
            return source.shape(name);
        }

        @Override
        public Tensor read(String name, ScalarType dtype) {
            try (Tensor rounded = source.read(name, ScalarType.BFloat16)) {
                return rounded.to(dtype, false, true, new org.bytedeco.pytorch.MemoryFormatOptional());
            }
        }

        @Override
        public String where() {
            return source.where();
        }

        @Override
        public void close() {
            source.close();
        }
    }

    @ParameterizedTest
    @FieldSource("RUNS")
    void noFurtherFromFloat64ThanThePeer(String family, String by) {
        JsonNode peer = Json.tree(Shared.resource("golden/models/bf16_errors.json"), 1 << 20)
                .get(family);
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family)) {
            TreeMap<String, Tensor> exact = run(golden, Precision.FP64, new TorchKernels());
            TreeMap<String, Tensor> rounded = run(golden, Precision.BF16, TestedKernels.of(by));
            assertThat(rounded.keySet()).containsExactlyInAnyOrderElementsOf(peer::fieldNames);
            rounded.forEach((name, tensor) -> assertThat(Golden.distance(tensor, requireNonNull(exact.get(name))))
                    .as("%s: relative distance of %s from float64, transformers' is %s", family, name, peer.get(name))
                    .isLessThan(ALLOWED * peer.get(name).asDouble()));
        }
    }

    private static TreeMap<String, Tensor> run(Golden golden, Precision precision, Kernels kernels) {
        TreeMap<String, Tensor> all = new TreeMap<>();
        try (TensorSource source = new Rounded(Checkpoint.open(golden.folder()));
                Decoder model = Decoder.load(source, precision, kernels)) {
            TokenBatch in = TokenBatch.upload(golden.batch());
            Tensor logits = model.head().logits(model.hidden(in, Tape.none()));
            Tensor nll = torch.log_softmax(logits.to(precision.sumType()), 1)
                    .gather(1, in.targets_N().unsqueeze(1))
                    .neg()
                    .squeeze(1);
            Golden.step(model, List.of(golden.batch()), kernels);
            Golden.gradients(model).forEach((name, gradient) -> all.put("grad." + name, gradient));
            all.put("logits", logits.to(ScalarType.Double).clone());
            all.put("nll", documentRows(nll, in).to(ScalarType.Double).clone());
        }
        return all;
    }

    /// Without the last token of each document, whose target is none.
    private static Tensor documentRows(Tensor nll_N, TokenBatch in) {
        org.bytedeco.pytorch.TensorVector rows = new org.bytedeco.pytorch.TensorVector();
        for (int d = 0; d < in.batch().documents(); d++) {
            int from = in.documentStart()[d];
            rows.push_back(nll_N.narrow(0, from, in.documentStart()[d + 1] - from - 1L));
        }
        return torch.cat(rows, 0);
    }
}
