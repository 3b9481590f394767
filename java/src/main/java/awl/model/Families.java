package awl.model;

import awl.ConfigException;
import java.util.List;

/// Every family of models there is.
final class Families {

    static final List<Family> ALL =
            List.of(new Llama(), new Qwen2(), new Qwen3(), new Mistral(), new Gemma2(), new Phi3());

    private Families() {}

    static Family of(ModelConfig config) {
        return ALL.stream()
                .filter(family -> family.modelTypes().contains(config.modelType()))
                .findFirst()
                .orElseThrow(() -> new ConfigException("model_type '%s' is not supported; supported are %s"
                        .formatted(
                                config.modelType(),
                                String.join(
                                        ", ",
                                        ALL.stream()
                                                .flatMap(family -> family.modelTypes().stream())
                                                .toList()))));
    }
}
