package awl.bench;

import awl.bench.Contender.Role;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// RMSNorm, forwards and backwards.
final class NormBench implements KernelBench {

    private static final double EPSILON = 1e-5;

    @Override
    public String name() {
        return "norm";
    }

    @Override
    public String question() {
        return "RMSNorm over the rows of a layer, beside libtorch's sequence of operations.";
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        long rows = plan.shape().rows();
        long width = plan.shape().hidden();
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            int bytes = LayerCase.bytes(dtype);
            for (boolean backward : new boolean[] {false, true}) {
                // x to y; backwards x and dy to dx.
                double moved = (backward ? 3.0 : 2.0) * rows * width * bytes;
                cases.add(new LayerCase(
                        name(),
                        backward ? "backward" : "forward",
                        dtype,
                        Map.of("rows", rows, "hidden", width),
                        Work.bytes(moved),
                        new Footprint().add("rows", 4, rows, width, bytes).add("rows in float64", 10, rows, width, 8),
                        ours -> ready(plan.inputs(), rows, width, dtype.scalarType(), backward, ours)));
            }
        }
        return cases;
    }

    private static LayerCase.Ready ready(
            BenchInputs inputs, long rows, long width, ScalarType type, boolean backward, Kernels ours) {
        Tensor x = inputs.normal(type, rows, width);
        Tensor weight = inputs.normal(type, width);
        Tensor dy = inputs.normal(type, rows, width);
        Contender awl = Contender.ours(ours, step(ours, x, weight, dy, backward), 0);
        Contender plain = Contender.libtorch(
                "libtorch operations", Role.PLAIN, step(new TorchKernels(), x, weight, dy, backward), 0);
        return new LayerCase.Ready(List.of(awl, plain), () -> truth(x, weight, dy, backward));
    }

    private static java.util.function.Supplier<Map<String, Tensor>> step(
            Kernels kernels, Tensor x, Tensor weight, Tensor dy, boolean backward) {
        Tensor out = torch.empty_like(x);
        Tensor inverse = Tensors.beside(x, ScalarType.Float, x.size(0));
        if (!backward) {
            return () -> {
                kernels.rmsNorm(x, weight, EPSILON, false, out, inverse);
                return Map.of("y", out);
            };
        }
        kernels.rmsNorm(x, weight, EPSILON, false, out, inverse);
        Tensor dWeight = Tensors.zerosBeside(x, ScalarType.Float, x.size(1));
        return () -> {
            kernels.rmsNormBackward(dy, x, weight, inverse, false, out, dWeight);
            return Map.of("dx", out, "dWeight", dWeight);
        };
    }

    private static Map<String, Tensor> truth(Tensor x, Tensor weight, Tensor dy, boolean backward) {
        Tensor wide = x.to(ScalarType.Double).set_requires_grad(backward);
        Tensor scale = weight.to(ScalarType.Double).set_requires_grad(backward);
        Tensor y = wide.mul(wide.square()
                        .mean(new long[] {1}, true, new ScalarTypeOptional())
                        .add(new Scalar(EPSILON))
                        .rsqrt())
                .mul(scale);
        if (!backward) {
            return Map.of("y", y);
        }
        y.mul(dy.to(ScalarType.Double)).sum().backward();
        return Map.of("dx", wide.grad(), "dWeight", scale.grad());
    }
}
