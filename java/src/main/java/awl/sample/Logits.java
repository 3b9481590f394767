package awl.sample;

import java.util.Map;

/// The rows of logits one step of a model gave, one row a segment, V values each.
///
/// What greedy decoding needs (`argmax`, `max`, `logSumExp`) can be had without copying a row out of the model's
/// memory.
public interface Logits extends AutoCloseable {

    /// V, the number of tokens in the vocabulary.
    int vocabularySize();

    /// Id of the largest logit of a row; the lowest id among equals.
    int argmax(int row);

    /// The largest logit of a row.
    float max(int row);

    /// log of the sum of exp(logit) over a row, summed in double precision.
    double logSumExp(int row);

    /// Copies a row.
    ///
    /// @param into V values
    void copy(int row, float[] into);

    /// Chooses the tokens of rows in one pass over all of them, where that is better than reading rows.
    ///
    /// @param draws by row
    /// @return by row; a row that is absent is still to be chosen from, by [Sampler]
    default Map<Integer, Choice> choose(Map<Integer, Draw> draws) {
        return Map.of();
    }

    /// Frees what the rows hold; none may be read afterwards.
    @Override
    void close();
}
