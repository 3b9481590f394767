package awl.tensor;

import org.bytedeco.pytorch.Tensor;

/// How matrices are multiplied; `awl.kernel.Kernels#matrixProduct` is one, and says what is computed.
@FunctionalInterface
public interface MatrixProduct {

    /// `out = scale left right`, or `out += scale left right`.
    ///
    /// @param add whether to add to `out`, which is overwritten otherwise
    void multiply(Tensor left, Tensor right, double scale, boolean add, Tensor out);
}
