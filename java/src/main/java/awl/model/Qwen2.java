package awl.model;

import java.util.List;

/// Qwen 2 and 2.5 (arXiv 2407.10671, 2412.15115): Llama with biases on queries, keys and values, which the
/// configuration implies.
final class Qwen2 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("qwen2");
    }

    @Override
    public Block block(int layer, Parts parts) {
        return parts.plainBlock(layer, parts.attention(layer, false), parts.mlp(layer));
    }
}
