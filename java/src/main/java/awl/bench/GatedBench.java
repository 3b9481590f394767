package awl.bench;

import awl.bench.Contender.Role;
import awl.kernel.Activation;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The gate of the feed-forward layer (SiLU), forwards and backwards.
final class GatedBench implements KernelBench {

    @Override
    public String name() {
        return "gated";
    }

    @Override
    public String question() {
        return "silu(gate) * up of a feed-forward layer, beside libtorch's sequence of operations.";
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        long rows = plan.shape().rows();
        long width = plan.shape().intermediate();
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            int bytes = LayerCase.bytes(dtype);
            for (boolean backward : new boolean[] {false, true}) {
                // gate and up to the result; backwards those and its gradient to theirs.
                double moved = (backward ? 5.0 : 3.0) * rows * width * bytes;
                cases.add(new LayerCase(
                        name(),
                        backward ? "backward" : "forward",
                        dtype,
                        Map.of("rows", rows, "intermediate", width),
                        Work.bytes(moved),
                        new Footprint().add("rows", 8, rows, width, bytes).add("rows in float64", 10, rows, width, 8),
                        ours -> ready(plan.inputs(), rows, width, dtype.scalarType(), backward, ours)));
            }
        }
        return cases;
    }

    private static LayerCase.Ready ready(
            BenchInputs inputs, long rows, long width, ScalarType type, boolean backward, Kernels ours) {
        Tensor both = inputs.normal(type, rows, 2 * width);
        Tensor gradient = inputs.normal(type, rows, width);
        Contender awl = Contender.ours(ours, step(ours, both, gradient, backward), 0);
        Contender plain = Contender.libtorch(
                "libtorch operations", Role.PLAIN, step(new TorchKernels(), both, gradient, backward), 0);
        return new LayerCase.Ready(List.of(awl, plain), () -> truth(both, gradient, backward));
    }

    private static Supplier<Map<String, Tensor>> step(Kernels kernels, Tensor both, Tensor gradient, boolean backward) {
        if (backward) {
            Tensor below = torch.empty_like(both);
            return () -> {
                kernels.gatedBackward(gradient, both, Activation.SILU, below);
                return Map.of("d(gate, up)", below);
            };
        }
        Tensor out = torch.empty_like(gradient);
        return () -> {
            kernels.gated(both, Activation.SILU, out);
            return Map.of("out", out);
        };
    }

    private static Map<String, Tensor> truth(Tensor both, Tensor gradient, boolean backward) {
        long width = gradient.size(1);
        Tensor wide = both.to(ScalarType.Double).set_requires_grad(backward);
        Tensor out = torch.silu(wide.narrow(1, 0, width)).mul(wide.narrow(1, width, width));
        if (!backward) {
            return Map.of("out", out);
        }
        out.mul(gradient.to(ScalarType.Double)).sum().backward();
        return Map.of("d(gate, up)", wide.grad());
    }
}
