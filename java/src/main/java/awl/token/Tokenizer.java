package awl.token;

/// Text to token ids and back, exactly as the checkpoint's own tokenizer does it. Thread-safe.
public interface Tokenizer extends AutoCloseable {

    /// @param addSpecialTokens whether the tokenizer's post-processor may add BOS/EOS and the like
    int[] encode(String text, boolean addSpecialTokens);

    /// Ids with, for each token, the half-open range of UTF-16 units of `text` it came from.
    Encoding encodeWithOffsets(String text, boolean addSpecialTokens);

    /// @param skipSpecialTokens whether special tokens are left out of the text
    String decode(int[] ids, boolean skipSpecialTokens);

    /// Id of a token by its exact content (added tokens included), or -1.
    int idOf(String token);

    /// Size of the vocabulary, added tokens included.
    int vocabularySize();

    @Override
    void close();

    /// @param start UTF-16 offset of the first unit of each token
    /// @param end UTF-16 offset behind the last unit of each token
    record Encoding(int[] ids, int[] start, int[] end) {}
}
