package awl.model;

import java.util.List;

/// Qwen 3 (arXiv 2505.09388): Llama with an RMS norm on each query and key head.
final class Qwen3 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("qwen3");
    }

    @Override
    public Block block(int layer, Parts parts) {
        return parts.plainBlock(layer, parts.attention(layer, true), parts.mlp(layer));
    }
}
