package awl.model;

import awl.kernel.Kernels;
import awl.tensor.Parameter;
import awl.tensor.Shapes;
import awl.tensor.Tape;
import awl.tensor.Tensors;
import awl.tensor.Value;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Root-mean-square norm over the last axis, by [Kernels#rmsNorm].
final class RmsNorm {

    private final Parameter weight;
    private final double epsilon;
    private final boolean onePlusWeight;
    private final Kernels kernels;

    /// @param onePlusWeight Gemma's checkpoints store the weight minus one
    RmsNorm(Parameter weight, double epsilon, boolean onePlusWeight, Kernels kernels) {
        this.weight = weight;
        this.epsilon = epsilon;
        this.onePlusWeight = onePlusWeight;
        this.kernels = kernels;
    }

    Parameter weight() {
        return weight;
    }

    /// A residual sum and its norm.
    record Normed(Value sum, Value normed) {}

    /// Adds the stream's branch and norms the sum, in one pass.
    Normed forward(Tape tape, Residual in) {
        Value branch = in.branch();
        if (branch == null) {
            return new Normed(in.x(), forward(tape, in.x()));
        }
        Tensor sum_ND = branch.tensor();
        Tensor y_ND = Tensors.like(sum_ND, Shapes.of(sum_ND));
        Tensor inverse_N = inverseRms(sum_ND);
        kernels.addRmsNorm(in.x().tensor(), sum_ND, weight.value(), epsilon, onePlusWeight, sum_ND, y_ND, inverse_N);
        Value sum = tape.sum(sum_ND, in.x(), branch);
        return new Normed(sum, recorded(tape, sum, y_ND, inverse_N));
    }

    /// `[N, D] -> [N, D]`
    Value forward(Tape tape, Value x) {
        Tensor x_ND = x.tensor();
        Tensor y_ND = Tensors.like(x_ND, Shapes.of(x_ND));
        Tensor inverse_N = inverseRms(x_ND);
        normalise(x_ND, y_ND, inverse_N);
        return recorded(tape, x, y_ND, inverse_N);
    }

    private Value recorded(Tape tape, Value x, Tensor y_ND, Tensor inverse_N) {
        if (!tape.records(weight.trainable(), x)) {
            return Value.constant(y_ND);
        }
        Tensor x_ND = x.tensor();
        return tape.operation(
                y_ND,
                // What the stream's later uses sent back is added where the norm's gradient is written.
                gradient -> x.accumulate(gradient, (sum, out) -> {
                    if (sum == null) {
                        backward(gradient.tensor(), x_ND, inverse_N, out);
                    } else {
                        kernels.addRmsNormBackward(
                                gradient.tensor(),
                                sum,
                                x_ND,
                                weight.value(),
                                inverse_N,
                                onePlusWeight,
                                out,
                                weight.gradient());
                        weight.added();
                    }
                }),
                x_ND,
                inverse_N);
    }

    Tensor inverseRms(Tensor x_ND) {
        return Tensors.beside(
                x_ND, Tensors.dtype(x_ND) == ScalarType.Double ? ScalarType.Double : ScalarType.Float, x_ND.size(0));
    }

    void normalise(Tensor x_ND, Tensor y_ND, Tensor inverse_N) {
        kernels.rmsNorm(x_ND, weight.value(), epsilon, onePlusWeight, y_ND, inverse_N);
    }

    /// @param down_ND written; may be `gradient_ND`
    void backward(Tensor gradient_ND, Tensor x_ND, Tensor inverse_N, Tensor down_ND) {
        kernels.rmsNormBackward(
                gradient_ND, x_ND, weight.value(), inverse_N, onePlusWeight, down_ND, weight.gradient());
        weight.added();
    }
}
