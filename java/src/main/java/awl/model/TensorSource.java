package awl.model;

import awl.tensor.BlockMatrix;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Named weights with the configuration they belong to, whatever file they come from. Names and row order are those of
/// Hugging Face.
public interface TensorSource extends AutoCloseable {

    ModelConfig config();

    /// Every tensor there is.
    Set<String> names();

    /// Sizes of one tensor.
    ///
    /// @throws awl.CheckpointException when there is none of that name
    long[] shape(String name);

    /// A copy in the dtype asked for, owned by the caller.
    Tensor read(String name, ScalarType dtype);

    /// The tensor in the dtype asked for, without a copy where the file has it so; valid until [#close]. It
    /// must not be written to.
    default Tensor view(String name, ScalarType dtype) {
        return read(name, dtype);
    }

    /// How a tensor is stored; float32 where that is nothing libtorch computes with.
    default ScalarType dtype(String name) {
        return ScalarType.Float;
    }

    /// The matrix as the quantised blocks it is stored in, valid until [#close]; null where there are none.
    default @Nullable BlockMatrix blocks(String name) {
        return null;
    }

    /// Begins to bring the weights into memory on another thread, for a caller that has something else to do first.
    default void prefetch() {}

    /// The file or folder, for messages.
    String where();

    @Override
    void close();
}
