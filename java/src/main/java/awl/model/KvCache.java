package awl.model;

import awl.ConfigException;
import awl.ShapeException;
import awl.kernel.Kernels;
import awl.tensor.DeviceHandle;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Rotated keys and values of a fixed number of sequences, allocated once: what generation would otherwise compute
/// again for every new token. Made by [Decoder#cache].
public final class KvCache implements AutoCloseable {

    private final int slots;
    private final int capacity;
    private final int[] length;
    /// One a layer, `[slots, K, capacity, E]`: a head's tokens lie one after the other, as attention reads them.
    private final List<Tensor> keys = new ArrayList<>();

    private final List<Tensor> values = new ArrayList<>();
    private final PreparedSteps steps;

    KvCache(ModelConfig config, Kernels kernels, int slots, int capacity, ScalarType dtype, DeviceHandle device) {
        if (slots < 1 || capacity < 1) {
            throw new ConfigException("key/value cache: expected at least one slot and one token, found %d and %d"
                    .formatted(slots, capacity));
        }
        this.slots = slots;
        this.capacity = capacity;
        this.length = new int[slots];
        this.steps = new PreparedSteps(config, kernels);
        try (TensorScope scope = TensorScope.open()) {
            for (int layer = 0; layer < config.layers(); layer++) {
                for (List<Tensor> list : List.of(keys, values)) {
                    // Zeros: an idle slot may be read along with its neighbours, and must not be NaN.
                    Tensor memory = Tensors.zeros(device, dtype, slots, config.kvHeads(), capacity, config.headDim());
                    memory.retainReference();
                    list.add(memory);
                }
            }
        }
    }

    DeviceHandle device() {
        return DeviceHandle.of(keys.getFirst());
    }

    /// Keys and values of one token in all layers.
    static long numbersPerToken(ModelConfig config) {
        return 2L * config.layers() * config.kvHeads() * config.headDim();
    }

    /// Number of sequences that can be held at once.
    public int slots() {
        return slots;
    }

    /// Tokens each slot can hold.
    public int capacity() {
        return capacity;
    }

    /// Tokens a slot holds now.
    public int length(int slot) {
        return length[slot];
    }

    /// Empties a slot.
    public void reset(int slot) {
        truncate(slot, 0);
    }

    /// Forgets everything behind the first `tokens` tokens of a slot.
    public void truncate(int slot, int tokens) {
        if (tokens < 0 || tokens > length[slot]) {
            throw new ShapeException(
                    "slot %d holds %d tokens and cannot be cut to %d".formatted(slot, length[slot], tokens));
        }
        length[slot] = tokens;
    }

    /// Makes the first `tokens` tokens of slot `to` those of slot `from`; `to` holds nothing else afterwards.
    public void copyPrefix(int from, int to, int tokens) {
        if (tokens < 0 || tokens > length[from]) {
            throw new ShapeException(
                    "slot %d holds %d tokens; %d of them cannot be copied".formatted(from, length[from], tokens));
        }
        if (from != to && tokens > 0) {
            try (TensorScope scope = TensorScope.open()) {
                for (int layer = 0; layer < keys.size(); layer++) {
                    for (Tensor memory : List.of(keys.get(layer), values.get(layer))) {
                        memory.select(0, to)
                                .narrow(1, 0, tokens)
                                .copy_(memory.select(0, from).narrow(1, 0, tokens));
                    }
                }
            }
        }
        length[to] = tokens;
    }

    /// Checks that a segment can be appended.
    ///
    /// @param again whether another segment has its slot
    /// @return tokens the slot holds
    int room(Segment segment, boolean again) {
        int slot = segment.slot();
        if (slot < 0 || slot >= slots || again) {
            throw new ShapeException("segment: expected one segment a slot, slots 0 to %d, found slot %d%s"
                    .formatted(slots - 1, slot, again ? " twice" : ""));
        }
        int tokens = segment.tokens().length;
        if (tokens == 0 || tokens > capacity - length[slot]) {
            throw new ShapeException("slot %d holds %d tokens of %d; expected 1 to %d more, found %d"
                    .formatted(slot, length[slot], capacity, capacity - length[slot], tokens));
        }
        return length[slot];
    }

    /// Notes tokens that a pass has written.
    void appended(int slot, int tokens) {
        length[slot] += tokens;
    }

    /// `[slots, K, capacity, E]`
    Tensor keys(int layer) {
        return keys.get(layer);
    }

    /// `[slots, K, capacity, E]`
    Tensor values(int layer) {
        return values.get(layer);
    }

    /// Steps recorded on this memory.
    PreparedSteps steps() {
        return steps;
    }

    @Override
    public void close() {
        steps.close();
        keys.forEach(Tensor::close);
        values.forEach(Tensor::close);
    }
}
