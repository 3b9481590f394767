package awl.model;

import awl.tensor.Tape;
import awl.tensor.Tensors;
import awl.tensor.Value;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/// The feed-forward part: `down(act(gate x) * up x)` (GLU variants, arXiv 2002.05202).
final class GatedMlp {

    /// What the gate goes through.
    enum Activation {
        SILU,
        /// GELU in its tanh form, as Gemma has it.
        TANH_GELU;

        Tensor forward(Tensor x) {
            return this == SILU ? torch.silu(x) : torch.gelu(x, "tanh");
        }

        void backward(Tensor down, Tensor gradient, Tensor x) {
            if (this == SILU) {
                torch.silu_backward_out(down, gradient, x);
            } else {
                torch.gelu_backward_out(down, gradient, x, "tanh");
            }
        }
    }

    private final Projection gateUp;
    private final Projection down;
    private final Activation activation;

    GatedMlp(Projection gateUp, Projection down, Activation activation) {
        this.gateUp = gateUp;
        this.down = down;
        this.activation = activation;
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
        long width = both_N2F.size(1) / 2;
        Tensor gate = both_N2F.narrow(1, 0, width);
        Tensor up = both_N2F.narrow(1, width, width);
        Tensor out = activation.forward(gate);
        out.mul_(up);
        if (!tape.records(false, both)) {
            return Value.constant(out);
        }
        return tape.operation(
                out,
                gradient -> {
                    // The views of above went with the scope they were made in.
                    Tensor g = both_N2F.narrow(1, 0, width);
                    Tensor u = both_N2F.narrow(1, width, width);
                    Tensor below = Tensors.empty(Tensors.dtype(both_N2F), both_N2F.size(0), 2 * width);
                    torch.mul_out(below.narrow(1, width, width), gradient.tensor(), activation.forward(g));
                    activation.backward(
                            below.narrow(1, 0, width), gradient.tensor().mul(u), g);
                    both.accumulate(below);
                },
                both_N2F);
    }
}
