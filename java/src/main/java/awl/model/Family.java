package awl.model;

import java.util.List;

/// What sets one family of models apart from the others: names of tensors, norms, biases, fused projections. The list
/// of families is [Families#ALL].
interface Family {

    /// `model_type` in Hugging Face configurations.
    List<String> modelTypes();

    /// Builds layer `layer` from its tensors.
    Block block(int layer, Parts parts);

    /// What embeddings are multiplied with.
    default double embeddingScale(ModelConfig config) {
        return 1;
    }

    /// Whether norms are stored as their weight minus one.
    default boolean onePlusNorms() {
        return false;
    }
}
