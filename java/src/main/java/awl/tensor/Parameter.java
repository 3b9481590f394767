package awl.tensor;

import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A tensor of a model that can be trained, and the gradient collected for it.
///
/// The value's memory never moves: whoever changes it writes in place. The gradient is float32 for float32 and
/// bfloat16 values (float64 for float64), takes no memory until there is one, and none ever for a frozen parameter.
public final class Parameter implements AutoCloseable {

    private final String name;
    private @Nullable Tensor value;
    private final @Nullable BlockMatrix blocks;
    private final Function<BlockMatrix, Tensor> dequantize;
    private final long[] shape;
    private boolean trainable = true;
    private @Nullable Tensor gradient;
    /// Zeroing is put off until something is added: the first product is then written over whatever is there.
    private boolean gradientIsZero = true;
    private @Nullable Runnable listener;
    private @Nullable Runnable provider;

    /// @param name as in the Hugging Face checkpoint, or in PEFT's adapter file
    /// @param value becomes the parameter's own; it outlives every scope until [#close]
    public Parameter(String name, Tensor value) {
        this.name = name;
        this.value = value;
        this.blocks = null;
        this.dequantize = BlockMatrix::dequantized;
        this.shape = Shapes.of(value);
        value.retainReference();
    }

    /// A matrix that stays in its quantised blocks and is never trained.
    ///
    /// @param dequantize makes [#value], if that is ever asked for
    public Parameter(String name, BlockMatrix blocks, Function<BlockMatrix, Tensor> dequantize) {
        this.name = name;
        this.blocks = blocks;
        this.dequantize = dequantize;
        this.shape = new long[] {blocks.rows(), blocks.columns()};
        this.trainable = false;
    }

    public String name() {
        return name;
    }

    /// The values; those of a matrix in blocks are decoded when they are first asked for, and kept.
    public Tensor value() {
        Tensor known = value;
        if (known == null) {
            try (TensorScope scope = TensorScope.open()) {
                known = dequantize.apply(Objects.requireNonNull(blocks));
                known.retainReference();
            }
            value = known;
        }
        return known;
    }

    /// The quantised blocks that are the value, or null where it is an ordinary tensor.
    public @Nullable BlockMatrix blocks() {
        return blocks;
    }

    public long size(int axis) {
        return shape[axis];
    }

    /// Number format of [#value].
    public ScalarType dtype() {
        return value == null ? ScalarType.Float : Tensors.dtype(value);
    }

    /// Where [#value] lies.
    public DeviceHandle device() {
        return value == null ? DeviceHandle.CPU : DeviceHandle.of(value);
    }

    public boolean trainable() {
        return trainable;
    }

    /// Stops training it and gives back the gradient's memory.
    public void freeze() {
        trainable = false;
        releaseGradient();
    }

    public void unfreeze() {
        if (blocks != null) {
            throw new IllegalStateException(name + " is mapped from a file in blocks, which cannot be trained");
        }
        trainable = true;
    }

    /// Whether weight decay applies by the usual rule: two axes or more.
    public boolean isMatrix() {
        return shape.length >= 2;
    }

    public long count() {
        return Shapes.count(shape);
    }

    /// Numbers in all of them together.
    public static long count(List<Parameter> parameters) {
        return parameters.stream().mapToLong(Parameter::count).sum();
    }

    /// The gradient collected since [#zeroGradient], zeros if there was none yet; null for a frozen parameter. Adding
    /// to it in place is allowed.
    public @Nullable Tensor gradient() {
        if (!trainable) {
            return null;
        }
        Tensor sum = memory();
        if (gradientIsZero) {
            sum.zero_();
            gradientIsZero = false;
        }
        return sum;
    }

    /// Whether something was added since [#zeroGradient].
    public boolean hasGradient() {
        return trainable && !gradientIsZero;
    }

    /// Forgets what was collected, keeping the memory.
    public void zeroGradient() {
        gradientIsZero = true;
    }

    /// Gives the gradient's memory back as well.
    public void releaseGradient() {
        if (gradient != null) {
            gradient.close();
            gradient = null;
        }
        gradientIsZero = true;
    }

    /// Lets the gradient lie in memory of the caller's choice, where those of several parameters are neighbours.
    ///
    /// @param memory fp32, contiguous, of the parameter's shape; the parameter keeps a reference
    public void gradientIn(Tensor memory) {
        if (!java.util.Arrays.equals(Shapes.of(memory), shape) || Tensors.dtype(memory) != ScalarType.Float) {
            throw new IllegalArgumentException(name + ": the gradient's memory has another shape or dtype");
        }
        releaseGradient();
        memory.retainReference();
        gradient = memory;
    }

    /// Who gives the gradient its memory by [#gradientIn] when it needs some and has none; null = the parameter itself.
    public void whenNeeded(@Nullable Runnable asked) {
        provider = asked;
    }

    /// Who is told whenever something was added to the gradient; null = nobody.
    public void whenAdded(@Nullable Runnable told) {
        listener = told;
    }

    /// Says that something was added to [#gradient] in place.
    public void added() {
        if (listener != null && trainable) {
            listener.run();
        }
    }

    /// Adds the matrix product `left right` to the gradient, inside the GEMM.
    public void accumulateProduct(MatrixProduct by, Tensor left, Tensor right) {
        if (!trainable) {
            return;
        }
        by.multiply(left, right, 1, !gradientIsZero, memory());
        gradientIsZero = false;
        added();
    }

    /// Adds the sum over rows to the gradient of a bias.
    public void accumulateRows(Tensor rows_NF) {
        if (!trainable) {
            return;
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor sum = memory();
            Tensor wide = rows_NF.to(Tensors.dtype(sum));
            if (gradientIsZero) {
                torch.sum_out(sum, wide, 0);
                gradientIsZero = false;
            } else {
                sum.add_(wide.sum(0));
            }
        }
        added();
    }

    private Tensor memory() {
        if (gradient == null && provider != null) {
            provider.run();
        }
        Tensor sum = gradient;
        if (sum == null) {
            try (TensorScope scope = TensorScope.open()) {
                ScalarType dtype = dtype() == ScalarType.Double ? ScalarType.Double : ScalarType.Float;
                sum = Tensors.empty(device(), dtype, shape);
                sum.retainReference();
            }
            gradient = sum;
        }
        return sum;
    }

    /// Frees value and gradient.
    @Override
    public void close() {
        releaseGradient();
        if (value != null) {
            value.close();
        }
    }

    @Override
    public String toString() {
        return name + Shapes.text(shape) + (trainable ? "" : " frozen");
    }
}
