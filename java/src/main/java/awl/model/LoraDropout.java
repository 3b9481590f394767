package awl.model;

import awl.data.Batch;
import awl.kernel.Kernels;
import awl.tensor.DeviceHandle;
import awl.tensor.Tensors;
import java.nio.charset.StandardCharsets;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Dropout before one adapter. Its random numbers are a function of (seed, step, document, position,
/// adapter, column) alone: recomputation and a resumed run drop the same numbers, and so do other packings,
/// micro-batches, ranks and devices. A document that comes twice in a step is dropped from alike.
final class LoraDropout {

    private final double probability;
    private final long place;

    /// @param probability of dropping a number
    /// @param stream differs between adapters
    LoraDropout(double probability, long stream) {
        this.probability = probability;
        this.place = mix(stream + 1);
    }

    /// Names of a batch's rows, int64 `[N]`.
    ///
    /// @param key names seed and step
    static Tensor keys(long key, Batch batch, DeviceHandle device) {
        long[] keys = new long[batch.length()];
        for (int d = 0; d < batch.documents(); d++) {
            long document = mix(key + mix(hash(batch.documentIds().get(d)) + batch.documentGroup()[d]));
            for (int n = batch.documentStart()[d]; n < batch.documentStart()[d + 1]; n++) {
                keys[n] = document + batch.positions()[n];
            }
        }
        return Tensors.longs(device, keys);
    }

    /// Whether any number falls.
    boolean drops() {
        return probability > 0;
    }

    /// What is left, in new memory; the tensor itself where nothing is dropped.
    Tensor apply(Kernels kernels, Tensor x_NI, @Nullable Tensor key_N) {
        if (key_N == null || !drops()) {
            return x_NI;
        }
        Tensor left = Tensors.like(x_NI, x_NI.size(0), x_NI.size(1));
        kernels.dropout(x_NI, key_N, probability, place, left);
        return left;
    }

    /// FNV-1a (Fowler, Noll, Vo) over the text's bytes.
    private static long hash(String text) {
        long hash = 0xcbf29ce484222325L;
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (each & 0xff)) * 0x100000001b3L;
        }
        return hash;
    }

    /// Spreads neighbouring keys over all 64 bits (the finaliser of SplitMix64).
    static long mix(long z) {
        z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
        return z ^ (z >>> 31);
    }
}
