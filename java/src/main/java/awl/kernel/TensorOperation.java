package awl.kernel;

import org.bytedeco.pytorch.Tensor;

/// Something libtorch does to tensors that are there; see [Kernels#inSequence].
@FunctionalInterface
public interface TensorOperation {

    /// @param on what was named, in that order; may be other handles of the same tensors
    void run(Tensor[] on);
}
