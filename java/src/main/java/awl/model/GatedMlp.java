package awl.model;

import awl.kernel.Activation;
import awl.kernel.Kernels;
import awl.tensor.Tape;
import awl.tensor.Tensors;
import awl.tensor.Value;
import org.bytedeco.pytorch.Tensor;

/// The feed-forward part: `down(act(gate x) * up x)` (GLU variants, arXiv 2002.05202).
final class GatedMlp {

    private final Projection gateUp;
    private final Projection down;
    private final Activation activation;
    private final Kernels kernels;

    GatedMlp(Projection gateUp, Projection down, Activation activation, Kernels kernels) {
        this.gateUp = gateUp;
        this.down = down;
        this.activation = activation;
        this.kernels = kernels;
    }

    Projection gateUp() {
        return gateUp;
    }

    Projection down() {
        return down;
    }

    Value forward(Tape tape, Value x, Pass pass) {
        Value both = gateUp.forward(tape, x, pass.dropoutKey());
        return down.forward(tape, gated(tape, both), pass.dropoutKey());
    }

    /// `act(gate) * up`, `[N, 2F] -> [N, F]`
    private Value gated(Tape tape, Value both) {
        Tensor both_N2F = both.tensor();
        Tensor out = Tensors.like(both_N2F, both_N2F.size(0), both_N2F.size(1) / 2);
        kernels.gated(both_N2F, activation, out);
        if (!tape.records(false, both)) {
            return Value.constant(out);
        }
        return tape.operation(
                out,
                gradient -> {
                    Tensor below = Tensors.like(both_N2F, both_N2F.size(0), both_N2F.size(1));
                    kernels.gatedBackward(gradient.tensor(), both_N2F, activation, below);
                    both.accumulate(below);
                },
                both_N2F);
    }
}
