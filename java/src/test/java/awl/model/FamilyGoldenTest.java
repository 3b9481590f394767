package awl.model;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import awl.data.Batch;
import awl.data.Datum;
import awl.kernel.TestedKernels;
import awl.tensor.Precision;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;

/// Every family against reference numbers of transformers: logits, nll, every gradient, both configuration
/// dialects; by the reference kernels and by the library's.
final class FamilyGoldenTest {

    static final List<Arguments> RUNS = Golden.RUNS;

    @TempDir
    Path temp;

    @ParameterizedTest
    @FieldSource("RUNS")
    void logitsAndNll(String family, String by) {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family);
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32, TestedKernels.of(by))) {
            logitsAndNll(golden, model);
        }
    }

    @ParameterizedTest
    @FieldSource("RUNS")
    void theOlderConfigurationDialectIsTheSameModel(String family, String by) throws Exception {
        try (Golden golden = Golden.of(family)) {
            try (var files = Files.list(golden.folder())) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    Files.copy(file, temp.resolve(file.getFileName()));
                }
            }
            Files.delete(temp.resolve("config.json"));
            Files.move(temp.resolve("config.transformers4.json"), temp.resolve("config.json"));
            try (TensorScope scope = TensorScope.open();
                    TensorSource source = Checkpoint.open(temp);
                    Decoder model = Decoder.load(source, Precision.FP32, TestedKernels.of(by))) {
                logitsAndNll(golden, model);
            }
        }
    }

    private static void logitsAndNll(Golden golden, Decoder model) {
        TokenBatch in = TokenBatch.upload(golden.batch());
        Tensor logits = model.head().logits(model.hidden(in, Tape.none()));
        assertThat(Golden.worst(logits, golden.flat("logits"))).isLessThan(2e-5);

        Tensor nll = torch.log_softmax(logits, 1)
                .gather(1, in.targets_N().unsqueeze(1))
                .neg();
        List<Tensor> expected = new ArrayList<>();
        List<Tensor> actual = new ArrayList<>();
        Tensor all = golden.expected("nll");
        for (int d = 0; d < in.batch().documents(); d++) {
            int from = in.documentStart()[d];
            int length = in.documentStart()[d + 1] - from;
            expected.add(all.select(0, d).narrow(0, 1, length - 1));
            actual.add(nll.squeeze(1).narrow(0, from, length - 1));
        }
        for (int d = 0; d < expected.size(); d++) {
            assertThat(Golden.worst(actual.get(d), expected.get(d))).isLessThan(2e-5);
        }
    }

    @ParameterizedTest
    @FieldSource("RUNS")
    void everyGradient(String family, String by) {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family);
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32, TestedKernels.of(by))) {
            Golden.step(model, List.of(golden.batch()), TestedKernels.of(by));
            TreeMap<String, Tensor> gradients = Golden.gradients(model);
            assertThat(gradients.keySet())
                    .containsExactlyInAnyOrderElementsOf(golden.gradients().stream()
                            .map(name -> name.substring("grad.".length()))
                            .toList());
            gradients.forEach((name, gradient) -> assertThat(Golden.distance(gradient, golden.expected("grad." + name)))
                    .as(name)
                    .isLessThan(1e-4));
        }
    }

    @ParameterizedTest
    @FieldSource("RUNS")
    void packedEqualsSeparateRowsAndRecomputationChangesNothing(String family, String by) {
        try (TensorScope scope = TensorScope.open();
                Golden golden = Golden.of(family);
                TensorSource source = Checkpoint.open(golden.folder());
                Decoder model = Decoder.load(source, Precision.FP32, TestedKernels.of(by))) {
            double packedLoss = Golden.step(model, List.of(golden.batch()), TestedKernels.of(by));
            TreeMap<String, Tensor> packed = Golden.gradients(model);

            model.parameters().forEach(parameter -> parameter.zeroGradient());
            List<Batch> rows = new ArrayList<>();
            for (Datum document : golden.documents()) {
                rows.add(Batch.of(List.of(document)));
            }
            assertThat(Golden.step(model, rows, TestedKernels.of(by)))
                    .isCloseTo(packedLoss, org.assertj.core.data.Offset.offset(1e-5));
            Golden.gradients(model)
                    .forEach((name, gradient) -> assertThat(Golden.distance(gradient, requireNonNull(packed.get(name))))
                            .as(name)
                            .isLessThan(2e-5));

            model.parameters().forEach(parameter -> parameter.zeroGradient());
            model.recompute(true);
            assertThat(Golden.step(model, List.of(golden.batch()), TestedKernels.of(by)))
                    .isEqualTo(packedLoss);
            Golden.gradients(model)
                    .forEach((name, gradient) -> assertThat(gradient.equal(requireNonNull(packed.get(name))))
                            .as(name)
                            .isTrue());
        }
    }
}
