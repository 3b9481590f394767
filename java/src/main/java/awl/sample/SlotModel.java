package awl.sample;

import java.util.List;

/// A language model with a fixed number of slots, each the memory (keys and values) of one sequence.
///
/// It is all [Generator] knows of a model, so the scheduling is tested with scripted ones.
public interface SlotModel extends AutoCloseable {

    /// V, the number of tokens the model knows.
    int vocabularySize();

    /// Number of sequences that can be held at once.
    int slots();

    /// Tokens each slot can hold.
    int capacity();

    /// Tokens a slot holds now.
    int length(int slot);

    /// Forgets everything behind the first `length` tokens of a slot.
    void truncate(int slot, int length);

    /// Makes the first `length` tokens of slot `to` those of slot `from`; `to` holds nothing else afterwards.
    void copyPrefix(int from, int to, int length);

    /// Appends tokens to slots.
    ///
    /// @param pieces at most one a slot, none empty
    /// @return one row a piece: the logits behind its last token
    Logits append(List<Piece> pieces);

    @Override
    void close();

    /// @param tokens new tokens behind those the slot holds
    record Piece(int slot, int[] tokens) {}
}
