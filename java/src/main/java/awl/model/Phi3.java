package awl.model;

import java.util.List;

/// Phi-3 (arXiv 2404.14219): queries, keys and values in one projection, gate and up in another.
final class Phi3 implements Family {

    @Override
    public List<String> modelTypes() {
        return List.of("phi3");
    }

    @Override
    public Block block(int layer, Parts parts) {
        return parts.plainBlock(layer, parts.fusedAttention(layer), parts.fusedMlp(layer));
    }
}
