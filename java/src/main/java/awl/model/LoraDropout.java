package awl.model;

import awl.tensor.DeviceHandle;
import awl.tensor.Scalars;
import awl.tensor.Tensors;
import org.bytedeco.pytorch.Generator;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Dropout before one adapter. Its random numbers are a function of (seed, micro-batch, adapter) alone, so that
/// recomputation and a resumed run drop the same numbers, and the only state to save is the count of micro-batches.
final class LoraDropout {

    private final double probability;
    private final long stream;
    private final Scalar scale;

    /// @param probability of dropping a number
    /// @param stream differs between adapters
    LoraDropout(double probability, long stream) {
        this.probability = probability;
        this.stream = stream;
        this.scale = Scalars.of(1 / (1 - probability));
    }

    /// Ones for what is kept, as bytes; null where nothing is dropped.
    @Nullable
    Tensor mask(Tensor x_NI, long key) {
        if (probability == 0) {
            return null;
        }
        Generator generator = torch.createCPUGenerator(mix(key + stream));
        // Drawn on the host, so that every device drops the same numbers.
        Tensor mask = Tensors.empty(ScalarType.Byte, x_NI.size(0), x_NI.size(1));
        mask.bernoulli_(1 - probability, new GeneratorOptional(generator));
        return DeviceHandle.of(x_NI).move(mask);
    }

    Tensor apply(Tensor x_NI, Tensor mask_NI) {
        Tensor dropped = x_NI.mul(mask_NI);
        dropped.mul_(scale);
        return dropped;
    }

    /// Spreads neighbouring keys over all 64 bits (the finaliser of SplitMix64).
    static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
