package awl.model;

import awl.tensor.Tape;
import awl.tensor.Value;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// One run through the layers: what the tokens are to each other. Training and scoring run over whole documents
/// ([DocumentPass]), generation against a key/value cache ([CachePass]).
interface Pass {

    /// Attention of one layer, rotation of queries and keys included.
    ///
    /// @param projected queries, keys and values side by side, `[N, (H + 2K) E]`; used up
    /// @return `[N, H E]`
    Value attend(Tape tape, int layer, AttentionShape shape, Value projected);

    /// Names the rows in dropout's random numbers; null = no dropout.
    @Nullable
    Tensor dropoutKey();
}
