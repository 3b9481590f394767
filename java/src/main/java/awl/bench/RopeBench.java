package awl.bench;

import awl.bench.Contender.Role;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.Precision;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Rotary position embedding of queries and keys, in place in the projected stream.
final class RopeBench implements KernelBench {

    @Override
    public String name() {
        return "rope";
    }

    @Override
    public String question() {
        return "Rotary position embedding of queries and keys in place, beside libtorch's sequence of operations.";
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        Shape shape = plan.shape();
        int rows = shape.rows();
        int heads = shape.heads() + shape.kvHeads();
        int width = shape.headWidth();
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            int bytes = LayerCase.bytes(dtype);
            cases.add(new LayerCase(
                    name(),
                    "queries and keys",
                    dtype,
                    Map.of("rows", rows, "heads", heads, "head_width", width),
                    Work.bytes(2.0 * rows * heads * width * bytes),
                    new Footprint()
                            .add("heads", 6, rows, (long) shape.projected(), bytes)
                            .add("heads in float64", 3, rows, (long) heads * width, 8),
                    ours -> ready(plan.inputs(), shape, dtype.scalarType(), ours)));
        }
        return cases;
    }

    private static LayerCase.Ready ready(BenchInputs inputs, Shape shape, ScalarType type, Kernels ours) {
        long width = shape.headWidth();
        Tensor stream = inputs.normal(type, shape.rows(), shape.projected());
        Tensor exponent = torch.arange(new Scalar(width / 2))
                .to(ScalarType.Double)
                .mul_(new Scalar(-2.0 / width * Math.log(10_000)));
        Tensor angle = torch.arange(new Scalar(shape.rows()))
                .to(ScalarType.Double)
                .unsqueeze(1)
                .mul(exponent.exp_());
        Tensor cosine = inputs.placed(beside(angle.cos(), angle.cos()));
        Tensor sine = inputs.placed(beside(angle.sin().neg(), angle.sin()));
        return new LayerCase.Ready(
                List.of(
                        Contender.ours(ours, step(ours, stream, shape, cosine, sine), 0),
                        Contender.libtorch(
                                "libtorch operations",
                                Role.PLAIN,
                                step(new TorchKernels(), stream, shape, cosine, sine),
                                0)),
                () -> Map.of("x", exact(heads(stream, shape).to(ScalarType.Double), cosine, sine)));
    }

    /// Turns a stream of its own, again and again.
    private static Supplier<Map<String, Tensor>> step(
            Kernels kernels, Tensor stream, Shape shape, Tensor cosine, Tensor sine) {
        Tensor heads = heads(stream.clone(), shape);
        Tensor cosine_NR = cosine.to(ScalarType.Float);
        Tensor sine_NR = sine.to(ScalarType.Float);
        return () -> {
            kernels.rope(heads, cosine_NR, sine_NR, false);
            return Map.of("x", heads);
        };
    }

    private static Tensor exact(Tensor heads, Tensor cosine, Tensor sine) {
        long half = heads.size(2) / 2;
        Tensor swapped = beside(heads.narrow(2, half, half), heads.narrow(2, 0, half));
        return heads.mul(cosine.unsqueeze(1)).add(swapped.mul(sine.unsqueeze(1)));
    }

    private static Tensor beside(Tensor left, Tensor right) {
        return torch.cat(new TensorVector(left, right), -1);
    }

    /// Queries and keys, `[N, H + K, E]`, of rows in which the values follow.
    private static Tensor heads(Tensor stream, Shape shape) {
        long count = shape.heads() + shape.kvHeads();
        return stream.narrow(1, 0, count * shape.headWidth()).view(stream.size(0), count, shape.headWidth());
    }
}
