package awl.parallel;

import awl.tensor.DeviceHandle;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// float32 memory that goes from bucket to bucket: first touch of fresh memory costs more than filling it. Counts what
/// there is.
final class BucketMemory implements AutoCloseable {

    private final DeviceHandle device;
    private final List<Tensor> taken = new ArrayList<>();
    private final List<Tensor> spare = new ArrayList<>();
    private long peak;

    BucketMemory(DeviceHandle device) {
        this.device = device;
    }

    /// Memory for at least so many numbers; what is in it is anybody's guess.
    Tensor take(long numbers) {
        Tensor block = smallestSpare(numbers);
        if (block == null) {
            release(); // too small for this bucket: do not hold both
            try (TensorScope scope = TensorScope.open()) {
                block = Tensors.empty(device, ScalarType.Float, numbers);
                block.retainReference();
            }
        } else {
            spare.remove(block);
        }
        taken.add(block);
        peak = Math.max(peak, bytes());
        return block;
    }

    private @Nullable Tensor smallestSpare(long numbers) {
        Tensor smallest = null;
        for (Tensor each : spare) {
            if (each.numel() >= numbers && (smallest == null || each.numel() < smallest.numel())) {
                smallest = each;
            }
        }
        return smallest;
    }

    void giveBack(Tensor block) {
        taken.remove(block);
        spare.add(block);
    }

    /// Frees what nobody has.
    void release() {
        spare.forEach(Tensor::close);
        spare.clear();
    }

    /// Bytes that are taken or spare.
    long bytes() {
        return sum(taken) + sum(spare);
    }

    private static long sum(List<Tensor> blocks) {
        return blocks.stream().mapToLong(Tensor::nbytes).sum();
    }

    /// Most bytes there were at once.
    long peak() {
        return peak;
    }

    @Override
    public void close() {
        release();
        taken.forEach(Tensor::close);
        taken.clear();
    }
}
