package awl.model;

import awl.tensor.Tape;
import awl.tensor.Tensors;
import awl.tensor.Value;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The residual stream between the parts of a decoder: what has been summed, and the branch that is still to be added,
/// which the next norm does in the pass it makes anyway ([RmsNorm#forward(Tape, Residual)]).
///
/// @param x `[N, D]`
/// @param branch `[N, D]`, used up by the sum, which takes its memory; null = all is in `x`
record Residual(Value x, @Nullable Value branch) {

    static Residual of(Value x) {
        return new Residual(x, null);
    }

    /// Adds the branch, in a pass of its own.
    Value sum(Tape tape) {
        return branch == null ? x : tape.add(x, branch);
    }

    /// Some rows of a stream nobody wants the gradient of.
    Residual rows(Tensor rows) {
        return new Residual(chosen(x, rows), branch == null ? null : chosen(branch, rows));
    }

    private static Value chosen(Value from, Tensor rows) {
        return Value.constant(Tensors.rows(from.tensor(), rows));
    }

    /// Frees what has been added up and is not read again.
    void free() {
        x.tensor().deallocate();
        if (branch != null) {
            branch.tensor().deallocate();
        }
    }
}
