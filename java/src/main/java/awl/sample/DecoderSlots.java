package awl.sample;

import awl.model.Decoder;
import awl.model.KvCache;
import awl.model.Segment;
import awl.tensor.TensorScope;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/// A [Decoder] with a key/value cache, as the generator sees it.
public final class DecoderSlots implements SlotModel {

    private final Decoder decoder;
    private final KvCache cache;
    private final CachePlan plan;

    /// @param decoder stays the caller's; it must not be trained while the slots are in use
    public DecoderSlots(Decoder decoder, CachePlan plan) {
        this.decoder = decoder;
        this.plan = plan;
        this.cache = decoder.cache(plan.slots(), plan.capacity());
    }

    @Override
    public int vocabularySize() {
        return decoder.config().vocabSize();
    }

    @Override
    public int slots() {
        return plan.slots();
    }

    @Override
    public int capacity() {
        return plan.capacity();
    }

    @Override
    public int length(int slot) {
        return cache.length(slot);
    }

    @Override
    public void truncate(int slot, int length) {
        cache.truncate(slot, length);
    }

    @Override
    public void copyPrefix(int from, int to, int length) {
        cache.copyPrefix(from, to, length);
    }

    @Override
    public Logits append(List<Piece> pieces) {
        List<Segment> segments = new ArrayList<>(pieces.size());
        for (Piece piece : pieces) {
            segments.add(new Segment(piece.slot(), piece.tokens()));
        }
        Tensor logits_SV;
        try (TensorScope scope = TensorScope.open()) {
            logits_SV = scope.keep(decoder.logits(segments, cache));
        }
        return new TensorLogits(logits_SV, decoder.kernels());
    }

    @Override
    public void close() {
        cache.close();
    }
}
