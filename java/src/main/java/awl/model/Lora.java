package awl.model;

import awl.kernel.Kernels;
import awl.tensor.Parameter;
import awl.tensor.Scalars;
import awl.tensor.Tensors;
import awl.tensor.Value;
import java.util.List;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A low-rank adapter of a frozen matrix (Hu et al., arXiv 2106.09685): `y += scale * dropout(x) A^T B^T`.
///
/// No gradient the size of the frozen matrix is ever formed: with `u = scale * dropout(x) A^T`, `dB = dy^T u`, `du =
/// scale * dy B`, `dA = du^T dropout(x)`, `dx += dropout(du A)`.
public final class Lora implements AutoCloseable {

    /// Prefix PEFT puts before the names of a causal language model's modules.
    public static final String PREFIX = "base_model.model.";

    private final Parameter a_RI;
    private final Parameter b_OR;
    private final Tensor aTransposed_IR;
    private final Tensor bTransposed_RO;
    private final double scaling;
    private final Scalar scale;
    private final LoraDropout dropout;

    Lora(Parameter a_RI, Parameter b_OR, double scaling, LoraDropout dropout) {
        this.a_RI = a_RI;
        this.b_OR = b_OR;
        this.aTransposed_IR = a_RI.value().t();
        this.bTransposed_RO = b_OR.value().t();
        aTransposed_IR.retainReference();
        bTransposed_RO.retainReference();
        this.scaling = scaling;
        this.scale = Scalars.of(scaling);
        this.dropout = dropout;
    }

    public Parameter a() {
        return a_RI;
    }

    public Parameter b() {
        return b_OR;
    }

    /// What the product `B A` is multiplied with.
    public double scaling() {
        return scaling;
    }

    boolean drops() {
        return dropout.drops();
    }

    boolean trainable() {
        return a_RI.trainable() || b_OR.trainable();
    }

    List<Parameter> parameters() {
        return List.of(a_RI, b_OR);
    }

    /// What the backward pass needs.
    ///
    /// @param low_NR `scale * dropout(x) A^T`, in the dtype it is multiplied in
    /// @param key_N names of the rows in dropout; null where nothing was dropped
    record Saved(Tensor low_NR, @Nullable Tensor key_N) {}

    /// What goes through the adapter's narrow place: the adapter's part is this times [#up].
    ///
    /// @param key_N names the rows in the random numbers of dropout, see [LoraDropout#keys]; null = no
    ///     dropout
    Saved low(Kernels kernels, Tensor x_NI, @Nullable Tensor key_N) {
        Tensor input = dropout.apply(kernels, x_NI, key_N);
        Tensor down_IR = beside(x_NI, aTransposed_IR, kernels);
        Tensor low = Tensors.like(down_IR, input.size(0), down_IR.size(1));
        kernels.matrixProduct(input, down_IR, scaling, false, low);
        return new Saved(low, dropout.drops() ? key_N : null);
    }

    /// `B^T`, `[R, O]`, as it is multiplied beside such rows.
    Tensor up(Kernels kernels, Tensor x_NI) {
        return beside(x_NI, bTransposed_RO, kernels);
    }

    /// Gradients of the adapter's matrices, and that of the input: of the frozen matrix and, in one pass where nothing
    /// was
    /// dropped, of the adapter.
    ///
    /// @param weight_OI the frozen matrix
    void backward(Kernels kernels, Tensor gradient_NO, Tensor weight_OI, Value x_NI, Tensor input_NI, Saved saved) {
        Tensor up_OR = beside(gradient_NO, b_OR.value(), kernels);
        Tensor low = Tensors.like(up_OR, gradient_NO.size(0), up_OR.size(1));
        kernels.matrixProduct(gradient_NO, up_OR, scaling, false, low);
        b_OR.accumulateProduct(kernels::matrixProduct, gradient_NO.t(), saved.low_NR);
        Tensor key = saved.key_N;
        a_RI.accumulateProduct(kernels::matrixProduct, low.t(), dropout.apply(kernels, input_NI, key));
        if (!x_NI.needsGradient()) {
            return;
        }
        Tensor down_RI = beside(gradient_NO, a_RI.value(), kernels);
        if (key == null) {
            x_NI.accumulateProduct(
                    (left, right, _, add, out) -> kernels.lowRankProduct(left, right, low, down_RI, add, out),
                    gradient_NO,
                    weight_OI);
            return;
        }
        x_NI.accumulateProduct(kernels::matrixProduct, gradient_NO, weight_OI);
        Tensor down = Tensors.like(input_NI, low.size(0), down_RI.size(1));
        kernels.matrixProduct(low, down_RI, 1, false, down);
        x_NI.accumulate(dropout.apply(kernels, down, key));
    }

    /// A matrix of the adapter as it is multiplied beside such rows. It is kept in float32; beside bfloat16 it is
    /// rounded where products of bfloat16 are the faster ones, as PyTorch's autocast does.
    private static Tensor beside(Tensor rows, Tensor matrix, Kernels kernels) {
        boolean narrow = Tensors.dtype(rows) == ScalarType.BFloat16 && kernels.multipliesHalves(rows);
        return narrow ? matrix.to(ScalarType.BFloat16) : matrix;
    }

    /// Adds `scale * B A` to a copy of the weight, for export.
    Tensor merged(Tensor weight_OI) {
        Tensor wide = weight_OI.to(ScalarType.Double);
        wide.addmm_(b_OR.value().to(ScalarType.Double), a_RI.value().to(ScalarType.Double), Scalars.ONE, scale);
        return wide.to(Tensors.dtype(weight_OI));
    }

    @Override
    public void close() {
        aTransposed_IR.close();
        bTransposed_RO.close();
        parameters().forEach(Parameter::close);
    }
}
