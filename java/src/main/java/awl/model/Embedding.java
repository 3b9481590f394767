package awl.model;

import awl.kernel.Kernels;
import awl.tensor.BlockMatrix;
import awl.tensor.Parameter;
import awl.tensor.Scalars;
import awl.tensor.Tape;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import awl.tensor.Value;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Rows of a table, one a token.
final class Embedding {

    private final Parameter weight_VD;
    private final Kernels kernels;
    private final double factor;
    private final @org.jspecify.annotations.Nullable Scalar scale;

    /// @param scale rows are multiplied with it (Gemma: sqrt of the width, rounded to the model's dtype)
    /// @param dtype of the model
    Embedding(Parameter weight_VD, double scale, ScalarType dtype, Kernels kernels) {
        this.weight_VD = weight_VD;
        this.kernels = kernels;
        this.factor = scale == 1 ? 1 : rounded(scale, dtype);
        this.scale = scale == 1 ? null : Scalars.of(factor);
    }

    private static double rounded(double scale, ScalarType dtype) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor one = Tensors.zeros(dtype, 1);
            one.fill_(new Scalar(scale));
            return one.item_double();
        }
    }

    Parameter weight() {
        return weight_VD;
    }

    /// `[N] -> [N, D]`
    ///
    /// @param dtype of the rows that come out
    Value forward(Tape tape, Tensor tokens_N, ScalarType dtype) {
        BlockMatrix blocks = weight_VD.blocks();
        Tensor rows = blocks == null
                ? Tensors.rows(weight_VD.value(), tokens_N)
                : blocks.dequantized(Tensors.integers(tokens_N));
        Tensor out = Tensors.dtype(rows) == dtype ? rows : rows.to(dtype);
        if (scale != null) {
            out.mul_(scale);
        }
        if (!tape.records(weight_VD.trainable())) {
            return Value.constant(out);
        }
        return tape.operation(out, gradient -> {
            Tensor sum = weight_VD.gradient();
            if (sum != null) {
                kernels.embeddingBackward(gradient.tensor(), tokens_N, factor, sum);
                weight_VD.added();
            }
        });
    }
}
