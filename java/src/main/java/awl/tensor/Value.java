package awl.tensor;

import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A tensor on a [Tape]: what an operation gave, and the sum of the gradients its uses send back.
public final class Value {

    private final @Nullable Tape tape;
    private final Tensor tensor;
    /// Kept, because the tensor may be gone when its gradient comes; a constant has no gradient.
    private final ScalarType dtype;
    private @Nullable Gradient gradient;

    Value(@Nullable Tape tape, Tensor tensor) {
        this.tape = tape;
        this.tensor = tensor;
        this.dtype = tape == null ? ScalarType.Undefined : Tensors.dtype(tensor);
    }

    /// A tensor nobody wants the gradient of.
    public static Value constant(Tensor tensor) {
        return new Value(null, tensor);
    }

    /// The numbers. Once the scope they were made in is closed they are gone, unless an operation saved them.
    public Tensor tensor() {
        return tensor;
    }

    /// Whether anything below wants the gradient; if not, it need not be computed.
    public boolean needsGradient() {
        return tape != null;
    }

    /// Adds to the gradient. The tensor is taken over: the caller must not write to it again.
    public void accumulate(Tensor addend) {
        Tape on = tape;
        if (on == null) {
            return;
        }
        Gradient sum = gradient;
        if (sum == null) {
            gradient = new Gradient(on.hold(addend));
        } else if (sum.writable()) {
            sum.tensor().add_(addend);
        } else {
            replace(on, sum, torch.add(sum.tensor(), addend));
        }
    }

    /// Adds the matrix product `left right` to the gradient, in the GEMM itself where there is a gradient to add to.
    public void accumulateProduct(MatrixProduct by, Tensor left_NM, Tensor right_MD) {
        Tape on = tape;
        if (on == null) {
            return;
        }
        Gradient sum = gradient;
        if (sum == null) {
            Tensor product = Tensors.beside(left_NM, dtype, left_NM.size(0), right_MD.size(1));
            by.multiply(left_NM, right_MD, 1, false, product);
            gradient = new Gradient(on.hold(product));
        } else {
            if (!sum.writable()) {
                sum = replace(on, sum, sum.tensor().clone());
            }
            by.multiply(left_NM, right_MD, 1, true, sum.tensor());
        }
    }

    /// A gradient that its kernel adds to another while it writes it.
    @FunctionalInterface
    public interface Addition {

        /// @param sum gradient so far; null where there is none
        /// @param out written: `sum` and the kernel's own; may be `sum` or what the operation's output received
        void run(@Nullable Tensor sum, Tensor out);
    }

    /// Adds a gradient of the shape and dtype of what the operation's output received, in one pass and where possible
    /// in memory that is there.
    public void accumulate(Gradient received, Addition by) {
        Gradient sum = gradient;
        if (sum != null && sum.writable()) {
            by.run(sum.tensor(), sum.tensor());
            return;
        }
        Tensor above = received.tensor();
        boolean free = received.writable();
        Tensor out = free ? above : Tensors.like(above, Shapes.of(above));
        by.run(sum == null ? null : sum.tensor(), out);
        Tape on = tape;
        if (on == null) {
            return;
        }
        if (sum != null) {
            sum.release();
        }
        if (free) {
            received.retain();
            gradient = received;
        } else {
            gradient = new Gradient(on.hold(out));
        }
    }

    /// Adds the gradient an operation's output received, without a copy where there is none to add to.
    public void share(Gradient other) {
        if (tape == null) {
            return;
        }
        if (gradient == null) {
            other.retain();
            gradient = other;
        } else {
            accumulate(other.tensor());
        }
    }

    private Gradient replace(Tape on, Gradient old, Tensor fresh) {
        old.release();
        Gradient own = new Gradient(on.hold(fresh));
        gradient = own;
        return own;
    }

    /// The gradient summed so far, if any use has sent one.
    @Nullable
    Gradient gradient() {
        return gradient;
    }

    void gradient(@Nullable Gradient value) {
        gradient = value;
    }
}
