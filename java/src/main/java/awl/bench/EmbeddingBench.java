package awl.bench;

import awl.bench.Contender.Role;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The embedding's gradient. About two tokens in five come more than once.
final class EmbeddingBench implements KernelBench {

    @Override
    public String name() {
        return "embedding";
    }

    @Override
    public String question() {
        return "Gradient of the embedding, rows added to the float32 table, beside libtorch's operations.";
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        long rows = plan.shape().rows();
        long width = plan.shape().hidden();
        long vocabulary = plan.shape().vocabulary();
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            int bytes = LayerCase.bytes(dtype);
            cases.add(new LayerCase(
                    name(),
                    "backward",
                    dtype,
                    Map.of("rows", rows, "hidden", width, "vocabulary", vocabulary),
                    // A gradient is read, a row of the table read and written.
                    Work.bytes((double) (bytes + 2 * Float.BYTES) * rows * width),
                    new Footprint()
                            .add("gradients", 4, rows, width, 8)
                            .add("tables", 2, vocabulary, width, Float.BYTES)
                            .add("table in float64", 1, vocabulary, width, 8),
                    ours -> ready(plan.inputs(), rows, width, vocabulary, dtype.scalarType(), ours)));
        }
        return cases;
    }

    private static LayerCase.Ready ready(
            BenchInputs inputs, long rows, long width, long vocabulary, ScalarType type, Kernels ours) {
        Tensor gradient = inputs.normal(type, rows, width);
        long different = Math.min(vocabulary, 2 * rows);
        Tensor tokens = inputs.classes(different, rows);
        return new LayerCase.Ready(
                List.of(
                        Contender.ours(ours, step(ours, gradient, tokens, vocabulary), 0),
                        Contender.libtorch(
                                "libtorch operations",
                                Role.PLAIN,
                                step(new TorchKernels(), gradient, tokens, vocabulary),
                                0)),
                () -> {
                    Tensor table = inputs.zeros(ScalarType.Double, vocabulary, width);
                    table.index_add_(0, tokens, gradient.to(ScalarType.Double));
                    return Map.of("dTable", table);
                });
    }

    private static Supplier<Map<String, Tensor>> step(
            Kernels kernels, Tensor gradient, Tensor tokens, long vocabulary) {
        Tensor table = Tensors.zerosBeside(gradient, ScalarType.Float, vocabulary, gradient.size(1));
        return () -> {
            kernels.embeddingBackward(gradient, tokens, 1, table);
            return Map.of("dTable", table);
        };
    }
}
