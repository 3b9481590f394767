package awl.model;

import awl.kernel.Kernels;
import awl.tensor.Tape;
import awl.tensor.Tensors;
import awl.tensor.Value;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// RMS norm of every query head and every key head on its own (Qwen 3).
final class HeadNorms {

    private final RmsNorm query;
    private final RmsNorm key;
    private final Kernels kernels;

    HeadNorms(RmsNorm query, RmsNorm key, Kernels kernels) {
        this.query = query;
        this.key = key;
        this.kernels = kernels;
    }

    List<RmsNorm> norms() {
        return List.of(query, key);
    }

    Value forward(Tape tape, Value projected, AttentionShape shape) {
        Tensor in = projected.tensor();
        Tensor out = copy(in, in.size(0), in.size(1));
        Tensor queries = heads(in, 0, shape.keys(), shape);
        Tensor keys = heads(in, shape.keys(), shape.values(), shape);
        Tensor queryScale = query.inverseRms(queries);
        Tensor keyScale = key.inverseRms(keys);
        normalise(query, queries, queryScale, out, 0, shape.keys());
        normalise(key, keys, keyScale, out, shape.keys(), shape.values());
        boolean trainable = query.weight().trainable() || key.weight().trainable();
        if (!tape.records(trainable, projected)) {
            return Value.constant(out);
        }
        return tape.operation(
                out,
                gradient -> {
                    Tensor below = gradient.tensor().clone();
                    backward(query, gradient.tensor(), queries, queryScale, below, 0, shape.keys(), shape);
                    backward(key, gradient.tensor(), keys, keyScale, below, shape.keys(), shape.values(), shape);
                    projected.accumulate(below);
                },
                queries,
                queryScale,
                keys,
                keyScale);
    }

    /// Columns [from, to) as one row a head, copied.
    private Tensor heads(Tensor wide, long from, long to, AttentionShape shape) {
        long width = shape.headDim();
        Tensor columns = wide.narrow(1, from, to - from).unflatten(1, (to - from) / width, width);
        Tensor copied = copy(columns, columns.size(0), columns.size(1), width);
        return copied.view(-1, width);
    }

    private Tensor copy(Tensor from, long... shape) {
        Tensor to = Tensors.like(from, shape);
        kernels.inSequence(on -> on[0].copy_(on[1]), to, from);
        return to;
    }

    private void normalise(RmsNorm norm, Tensor heads, Tensor inverse, Tensor out, long from, long to) {
        Tensor normed = Tensors.like(heads, heads.size(0), heads.size(1));
        norm.normalise(heads, normed, inverse);
        Tensor columns = out.narrow(1, from, to - from);
        kernels.inSequence(on -> on[0].copy_(on[1]), columns, normed.view(out.size(0), to - from));
    }

    private void backward(
            RmsNorm norm,
            Tensor gradient,
            Tensor heads,
            Tensor inverse,
            Tensor below,
            long from,
            long to,
            AttentionShape shape) {
        Tensor up = heads(gradient, from, to, shape);
        Tensor down = Tensors.like(up, up.size(0), up.size(1));
        norm.backward(up, heads, inverse, down);
        below.narrow(1, from, to - from).copy_(down.view(below.size(0), to - from));
    }
}
