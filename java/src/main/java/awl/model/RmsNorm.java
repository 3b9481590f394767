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

    /// `[N, D] -> [N, D]`
    Value forward(Tape tape, Value x) {
        Tensor x_ND = x.tensor();
        Tensor y_ND = Tensors.empty(Tensors.dtype(x_ND), Shapes.of(x_ND));
        Tensor inverse_N = inverseRms(x_ND);
        normalise(x_ND, y_ND, inverse_N);
        if (!tape.records(weight.trainable(), x)) {
            return Value.constant(y_ND);
        }
        return tape.operation(
                y_ND,
                gradient -> {
                    Tensor down = gradient.writable()
                            ? gradient.tensor()
                            : Tensors.empty(Tensors.dtype(x_ND), Shapes.of(x_ND));
                    backward(gradient.tensor(), x_ND, inverse_N, down);
                    if (gradient.writable()) {
                        x.share(gradient);
                    } else {
                        x.accumulate(down);
                    }
                },
                x_ND,
                inverse_N);
    }

    Tensor inverseRms(Tensor x_ND) {
        return Tensors.empty(
                Tensors.dtype(x_ND) == ScalarType.Double ? ScalarType.Double : ScalarType.Float, x_ND.size(0));
    }

    void normalise(Tensor x_ND, Tensor y_ND, Tensor inverse_N) {
        kernels.rmsNorm(x_ND, weight.value(), epsilon, onePlusWeight, y_ND, inverse_N);
    }

    /// @param down_ND written; may be `gradient_ND`
    void backward(Tensor gradient_ND, Tensor x_ND, Tensor inverse_N, Tensor down_ND) {
        kernels.rmsNormBackward(
                gradient_ND, x_ND, weight.value(), inverse_N, onePlusWeight, down_ND, weight.gradient());
    }
}
