package awl.bench;

import awl.bench.Contender.Role;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A linear layer on few rows, the step of decoding: reading the weights is all the cost. The weights are those of the
/// head, which no cache holds.
final class LinearBench implements KernelBench {

    private static final int[] ROWS = {1, 8};

    @Override
    public String name() {
        return "linear";
    }

    @Override
    public String question() {
        return "The head's logits for few rows, as in decoding, beside libtorch's product.";
    }

    /// On a device the engine calls cuBLASLt for few rows as for many: case `product`.
    @Override
    public boolean runsOn(DeviceHandle device) {
        return device.isCpu();
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        int width = plan.shape().hidden();
        int out = plan.shape().vocabulary();
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            int bytes = LayerCase.bytes(dtype);
            for (int rows : ROWS) {
                cases.add(new LayerCase(
                        name(),
                        rows == 1 ? "1 row" : rows + " rows",
                        dtype,
                        Map.of("rows", rows, "hidden", width, "vocabulary", out),
                        Work.bytes((double) out * width * bytes),
                        new Footprint().add("head", 1, out, width, bytes).add("head in float64", 1, out, width, 8),
                        ours -> {
                            Tensor x = plan.inputs().normal(dtype, rows, width);
                            Tensor weight =
                                    plan.inputs().normal(dtype, out, width).mul_(new Scalar(1 / Math.sqrt(width)));
                            Tensor y = plan.inputs().empty(dtype.scalarType(), rows, out);
                            Contender awl = Contender.ours(
                                    ours,
                                    () -> {
                                        ours.linear(x, weight, y);
                                        return Map.of("y", y);
                                    },
                                    0);
                            Tensor plainY = torch.empty_like(y);
                            Contender plain = Contender.libtorch(
                                    "torch.mm",
                                    Role.PLAIN,
                                    () -> {
                                        torch.mm_out(plainY, x, weight.t());
                                        return Map.of("y", plainY);
                                    },
                                    0);
                            return new LayerCase.Ready(
                                    List.of(awl, plain),
                                    () -> Map.of(
                                            "y",
                                            torch.mm(
                                                    x.to(ScalarType.Double),
                                                    weight.to(ScalarType.Double).t())));
                        }));
            }
        }
        return cases;
    }
}
