package awl.sample;

import awl.ConfigException;
import awl.model.Decoder;
import awl.tensor.Cuda;
import awl.tensor.DeviceHandle;
import awl.tensor.HostMemory;

/// How many sequences run at once and how long each may get, within a budget of memory.
///
/// @param slots sequences at once
/// @param capacity tokens of each
public record CachePlan(int slots, int capacity) {

    /// As many slots as wanted, fewer where half of the memory that is free now, where the decoder is, does not hold
    /// them.
    ///
    /// @param capacity tokens of the longest sequence, prompt and answer
    public static CachePlan of(Decoder decoder, int wantedSlots, int capacity) {
        DeviceHandle device = decoder.device();
        long free = device.isCuda() ? Cuda.freeBytes(device) : HostMemory.freeBytes();
        return of(decoder.cacheBytesPerToken(), free / 2, wantedSlots, capacity);
    }

    /// As many slots as wanted, fewer where the budget does not hold them.
    ///
    /// @param bytesPerToken keys and values of one token in all layers
    /// @param budgetBytes what the cache may take
    /// @param wantedSlots sequences at once, if memory allows
    /// @param capacity tokens of the longest sequence, prompt and answer
    public static CachePlan of(long bytesPerToken, long budgetBytes, int wantedSlots, int capacity) {
        if (wantedSlots < 1 || capacity < 1) {
            throw new ConfigException(
                    "expected at least one sequence of at least one token, found " + wantedSlots + " of " + capacity);
        }
        long fit = budgetBytes / (bytesPerToken * capacity);
        if (fit < 1) {
            throw new ConfigException(("a sequence of %,d tokens needs %,d MiB of keys and values, but only %,d MiB are"
                            + " there for them; shorten the prompts or lower the number of new tokens")
                    .formatted(capacity, (bytesPerToken * capacity) >> 20, budgetBytes >> 20));
        }
        return new CachePlan((int) Math.min(wantedSlots, fit), capacity);
    }
}
