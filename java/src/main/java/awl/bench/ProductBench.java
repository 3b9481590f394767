package awl.bench;

import awl.bench.Contender.Role;
import awl.kernel.Kernels;
import awl.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The matrix product of training, at the feed-forward layer's shapes.
final class ProductBench implements KernelBench {

    @Override
    public String name() {
        return "product";
    }

    @Override
    public String question() {
        return "Matrix products of the feed-forward layer (output, and gradient of the weight), beside libtorch's.";
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        long n = plan.shape().rows();
        long d = plan.shape().hidden();
        long f = plan.shape().intermediate();
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            int bytes = LayerCase.bytes(dtype);
            for (boolean gradient : new boolean[] {false, true}) {
                cases.add(new LayerCase(
                        name(),
                        gradient ? "gradient of the weight" : "output",
                        dtype,
                        Map.of("rows", n, "hidden", d, "intermediate", f),
                        Work.flop(2.0 * n * d * f),
                        new Footprint()
                                .add("rows", 2, n, d + f, bytes)
                                .add("weight", 2, d, f, bytes)
                                .add("all in float64", 1, n + d, d + f, 8),
                        ours -> gradient
                                ? ready(plan.inputs(), ours, dtype.scalarType(), f, n, d, true)
                                : ready(plan.inputs(), ours, dtype.scalarType(), n, d, f, false)));
            }
        }
        return cases;
    }

    /// @param turned whether the left matrix is a transpose, as an output's gradient is for the weight's
    private static LayerCase.Ready ready(
            BenchInputs inputs, Kernels ours, ScalarType type, long rows, long depth, long columns, boolean turned) {
        Tensor left = turned ? inputs.normal(type, depth, rows).t() : inputs.normal(type, rows, depth);
        Tensor right = inputs.normal(type, depth, columns);
        Tensor out = inputs.empty(type, rows, columns);
        Contender awl = Contender.ours(
                ours,
                () -> {
                    ours.matrixProduct(left, right, 1, false, out);
                    return Map.of("out", out);
                },
                0);
        Tensor plainOut = torch.empty_like(out);
        Contender plain = Contender.libtorch(
                "torch.mm",
                Role.PLAIN,
                () -> {
                    torch.mm_out(plainOut, left, right);
                    return Map.of("out", plainOut);
                },
                0);
        return new LayerCase.Ready(
                List.of(awl, plain),
                () -> Map.of("out", torch.mm(left.to(ScalarType.Double), right.to(ScalarType.Double))));
    }
}
