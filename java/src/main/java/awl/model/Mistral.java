package awl.model;

import java.util.List;

/// Mistral (arXiv 2310.06825): Llama with a sliding window, which the configuration holds.
final class Mistral implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("mistral");
    }

    @Override
    public Block block(int layer, Parts parts) {
        return parts.plainBlock(layer, parts.attention(layer, false), parts.mlp(layer));
    }
}
