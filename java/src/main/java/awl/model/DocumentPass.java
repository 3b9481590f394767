package awl.model;

import awl.kernel.Kernels;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Value;
import java.util.Arrays;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// A pass over whole documents laid end to end: each token sees the tokens of its own document before it, and nothing
/// is padded.
final class DocumentPass implements Pass {

    private final Kernels kernels;
    private final int[] documentStart;
    private final @Nullable Tensor start_S;
    private final Rope rope;
    private final Rope.Angles angles;
    private final @Nullable Tensor dropoutKey_N;

    /// @param start_S `documentStart` on a CUDA device, int32; null elsewhere
    /// @param angles of all tokens
    /// @param dropoutKey_N see [LoraDropout#keys]; it, the angles and `start_S` have to live as long as the
    ///     tape
    DocumentPass(
            Kernels kernels,
            int[] documentStart,
            @Nullable Tensor start_S,
            Rope rope,
            Rope.Angles angles,
            @Nullable Tensor dropoutKey_N) {
        this.kernels = kernels;
        this.documentStart = documentStart;
        this.start_S = start_S;
        this.rope = rope;
        this.angles = angles;
        this.dropoutKey_N = dropoutKey_N;
    }

    @Override
    public @Nullable Tensor dropoutKey() {
        return dropoutKey_N;
    }

    @Override
    public Value attend(Tape tape, int layer, AttentionShape shape, Value projected) {
        Tensor all = projected.tensor();
        rope.rotate(rotated(all, shape), angles);
        boolean record = tape.records(false, projected);
        AttentionCore core = AttentionCore.of(kernels, shape, all, documentStart, start_S);
        Tensor out = Tensors.like(all, all.size(0), shape.keys());
        Tensor[] kept = core.forward(all, shape, documentStart, out, record);
        if (!record) {
            return Value.constant(out);
        }
        return tape.operation(
                out,
                gradient -> {
                    Tensor below = Tensors.like(all, all.size(0), shape.width());
                    try (TensorScope scope = TensorScope.open()) {
                        core.backward(gradient.tensor(), all, out, kept, shape, documentStart, below);
                        rope.rotateBack(rotated(below, shape), angles);
                    }
                    projected.accumulate(below);
                },
                Stream.concat(Stream.of(all, out), Arrays.stream(kept)).toArray(Tensor[]::new));
    }

    /// Queries and keys as one tensor of heads.
    private static Tensor rotated(Tensor all, AttentionShape shape) {
        return all.narrow(1, 0, shape.values()).view(all.size(0), shape.heads() + shape.kvHeads(), shape.headDim());
    }
}
