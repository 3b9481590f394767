package awl.model;

import java.util.List;

/// Llama 2 and 3 (arXiv 2307.09288, 2407.21783), and models of the same architecture such as SmolLM2.
final class Llama implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("llama");
    }

    @Override
    public Block block(int layer, Parts parts) {
        return parts.plainBlock(layer, parts.attention(layer, false), parts.mlp(layer));
    }
}
