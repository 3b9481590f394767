package awl.model;

import awl.data.Batch;
import awl.tensor.DeviceHandle;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Tensor;

/// A [Batch] as tensors. Its memory belongs to the scope it was uploaded in.
///
/// @param batch what it was made from
/// @param tokens_N input ids, int64
/// @param targets_N ids to predict, int64
/// @param weights_N float32 loss weights
/// @param activeRows_A ascending rows with a weight other than zero, int64
public record TokenBatch(Batch batch, Tensor tokens_N, Tensor targets_N, Tensor weights_N, Tensor activeRows_A) {

    /// In host memory.
    public static TokenBatch upload(Batch batch) {
        return upload(batch, DeviceHandle.CPU);
    }

    /// On a device; the copies wait for nothing.
    public static TokenBatch upload(Batch batch, DeviceHandle device) {
        return new TokenBatch(
                batch,
                Tensors.indices(device, batch.tokens()),
                Tensors.indices(device, batch.targets()),
                Tensors.floats(device, batch.weights()),
                Tensors.indices(device, batch.activeRows()));
    }

    /// N
    public int length() {
        return batch.length();
    }

    /// A
    public int active() {
        return batch.activeRows().length;
    }

    public int[] documentStart() {
        return batch.documentStart();
    }

    /// Position of each token in its document, N.
    public int[] positions() {
        return batch.positions();
    }
}
