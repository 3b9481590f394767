package awl.bench;

import awl.bench.Contender.Role;
import awl.kernel.AttentionScores;
import awl.kernel.Kernels;
import awl.kernel.TorchKernels;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Causal attention inside packed documents of 64 to 256 tokens, as in training.
final class AttentionBench implements KernelBench {

    private static final int SHORTEST = 64;
    private static final int LONGEST = 256;

    /// Products of a tile with queries, keys or values: two forwards, five backwards.
    private static final double FORWARD = 2;

    private static final double BACKWARD = 5;

    @Override
    public String name() {
        return "attention";
    }

    @Override
    public String question() {
        return "Causal attention inside packed documents of 64 to 256 tokens, beside libtorch's flash kernel called once a"
                + " document, and all scores of a document at once.";
    }

    /// On a device the engine calls libtorch's flash attention for documents of various lengths.
    @Override
    public boolean runsOn(DeviceHandle device) {
        return device.isCpu();
    }

    @Override
    public List<KernelCase> cases(BenchPlan plan) {
        Shape shape = plan.shape();
        int[] start = documents(shape.rows());
        double pairs = 0;
        long longest = 0;
        for (int d = 0; d + 1 < start.length; d++) {
            long length = start[d + 1] - start[d];
            pairs += length * (length + 1) / 2.0;
            longest = Math.max(longest, length);
        }
        List<KernelCase> cases = new ArrayList<>();
        for (Precision dtype : plan.dtypes()) {
            for (boolean backward : new boolean[] {false, true}) {
                Map<String, Object> sizes = new LinkedHashMap<>();
                sizes.put("rows", shape.rows());
                sizes.put("documents", start.length - 1);
                sizes.put("heads", "%d-%d-%d".formatted(shape.heads(), shape.kvHeads(), shape.headWidth()));
                cases.add(new LayerCase(
                        name(),
                        backward ? "backward" : "forward",
                        dtype,
                        sizes,
                        Work.flop((backward ? BACKWARD : FORWARD) * 2 * pairs * shape.heads() * shape.headWidth()),
                        new Footprint()
                                .add("rows of queries, keys and values", 6, shape.rows(), shape.projected(), 8)
                                .add("scores of a document in float64", 6 * shape.heads(), longest, longest, 8),
                        ours -> ready(plan.inputs(), shape, start, dtype.scalarType(), backward, ours)));
            }
        }
        return cases;
    }

    /// First rows of documents, seeded, and the number of rows.
    static int[] documents(int rows) {
        Random random = new Random(1);
        List<Integer> start = new ArrayList<>(List.of(0));
        while (start.getLast() < rows) {
            start.add(Math.min(rows, start.getLast() + random.nextInt(SHORTEST, LONGEST + 1)));
        }
        return start.stream().mapToInt(Integer::intValue).toArray();
    }

    /// A way to compute attention.
    private interface Way {
        void forward(Tensor projected, Tensor out, Tensor logSumExp);

        void backward(Tensor gradient, Tensor projected, Tensor out, Tensor logSumExp, Tensor below);
    }

    private static Way by(Kernels kernels, int[] start, AttentionScores scores) {
        return new Way() {
            @Override
            public void forward(Tensor projected, Tensor out, Tensor logSumExp) {
                kernels.documentAttention(projected, start, scores, out, logSumExp);
            }

            @Override
            public void backward(Tensor gradient, Tensor projected, Tensor out, Tensor logSumExp, Tensor below) {
                kernels.documentAttentionBackward(gradient, projected, start, scores, out, logSumExp, below);
            }
        };
    }

    private static Way by(FlashAttention flash) {
        return new Way() {
            @Override
            public void forward(Tensor projected, Tensor out, Tensor logSumExp) {
                flash.forward(projected, out, logSumExp);
            }

            @Override
            public void backward(Tensor gradient, Tensor projected, Tensor out, Tensor logSumExp, Tensor below) {
                flash.backward(gradient, projected, out, logSumExp, below);
            }
        };
    }

    private static LayerCase.Ready ready(
            BenchInputs inputs, Shape shape, int[] start, ScalarType type, boolean backward, Kernels ours) {
        AttentionScores scores = new AttentionScores(1 / Math.sqrt(shape.headWidth()), null, 0);
        long queries = (long) shape.heads() * shape.headWidth();
        Tensor projected = inputs.normal(type, shape.rows(), shape.projected());
        Tensor gradient = inputs.normal(type, shape.rows(), queries);
        FlashAttention flash = new FlashAttention(shape.heads(), shape.kvHeads(), shape.headWidth(), start);
        TorchKernels reference = new TorchKernels();
        return new LayerCase.Ready(
                List.of(
                        Contender.ours(ours, step(by(ours, start, scores), projected, gradient, shape, backward), 0),
                        Contender.libtorch(
                                "torch, flash a document",
                                Role.PLAIN,
                                step(by(flash), projected, gradient, shape, backward),
                                0),
                        Contender.libtorch(
                                "torch, all scores",
                                Role.PEER,
                                step(by(reference, start, scores), projected, gradient, shape, backward),
                                0)),
                // In float64 the reference is libtorch's own bmm and softmax.
                () -> step(
                                by(reference, start, scores),
                                projected.to(ScalarType.Double),
                                gradient.to(ScalarType.Double),
                                shape,
                                backward)
                        .get());
    }

    private static Supplier<Map<String, Tensor>> step(
            Way way, Tensor projected, Tensor gradient, Shape shape, boolean backward) {
        Tensor out = torch.empty_like(gradient);
        ScalarType sums = Tensors.dtype(projected) == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
        Tensor logSumExp = Tensors.beside(projected, sums, shape.heads(), shape.rows());
        if (!backward) {
            return () -> {
                way.forward(projected, out, logSumExp);
                return Map.of("out", out);
            };
        }
        way.forward(projected, out, logSumExp);
        Tensor below = torch.empty_like(projected);
        return () -> {
            way.backward(gradient, projected, out, logSumExp, below);
            return Map.of("d(q, k, v)", below);
        };
    }
}
