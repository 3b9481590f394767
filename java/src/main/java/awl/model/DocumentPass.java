package awl.model;

import awl.kernel.Kernels;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Value;
import org.bytedeco.pytorch.Tensor;

/// A pass over whole documents laid end to end: each token sees the tokens of its own document before it, and nothing
/// is padded.
final class DocumentPass implements Pass {

    private final Kernels kernels;
    private final int[] documentStart;
    private final Rope rope;
    private final Rope.Angles angles;
    private final long dropoutKey;

    /// @param angles of all tokens; they have to live as long as the tape
    DocumentPass(Kernels kernels, int[] documentStart, Rope rope, Rope.Angles angles, long dropoutKey) {
        this.kernels = kernels;
        this.documentStart = documentStart;
        this.rope = rope;
        this.angles = angles;
        this.dropoutKey = dropoutKey;
    }

    @Override
    public long dropoutKey() {
        return dropoutKey;
    }

    @Override
    public Value attend(Tape tape, int layer, AttentionShape shape, Value projected) {
        Tensor all = projected.tensor();
        rope.rotate(rotated(all, shape), angles);
        boolean record = tape.records(false, projected);
        AttentionCore core = AttentionCore.of(kernels, shape, all, documentStart);
        Tensor out = Tensors.empty(Tensors.dtype(all), all.size(0), shape.keys());
        Tensor logSumExp = core.forward(all, shape, documentStart, out, record);
        if (!record) {
            return Value.constant(out);
        }
        return tape.operation(
                out,
                gradient -> {
                    Tensor below = Tensors.empty(Tensors.dtype(all), all.size(0), shape.width());
                    try (TensorScope scope = TensorScope.open()) {
                        core.backward(gradient.tensor(), all, out, logSumExp, shape, documentStart, below);
                        rope.rotateBack(rotated(below, shape), angles);
                    }
                    projected.accumulate(below);
                },
                all,
                out,
                logSumExp);
    }

    /// Queries and keys as one tensor of heads.
    private static Tensor rotated(Tensor all, AttentionShape shape) {
        return all.narrow(1, 0, shape.values()).view(all.size(0), shape.heads() + shape.kvHeads(), shape.headDim());
    }
}
