package awl.model;

import java.util.List;

/// Gemma 2 (arXiv 2408.00118): norms before and behind both halves of a layer, stored minus one; embeddings times the
/// square root of the width; soft-capped scores and logits; every other layer sees a window, as the configuration
/// holds.
final class Gemma2 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("gemma2");
    }

    @Override
    public Block block(int layer, Parts parts) {
        String module = Parts.layer(layer);
        long d = parts.config().hiddenSize();
        return new Block(
                parts.norm(module + "input_layernorm", d),
                parts.attention(layer, false),
                parts.norm(module + "post_attention_layernorm", d),
                parts.norm(module + "pre_feedforward_layernorm", d),
                parts.mlp(layer),
                parts.norm(module + "post_feedforward_layernorm", d));
    }

    @Override
    public double embeddingScale(ModelConfig config) {
        return Math.sqrt(config.hiddenSize());
    }

    @Override
    public boolean onePlusNorms() {
        return true;
    }
}
