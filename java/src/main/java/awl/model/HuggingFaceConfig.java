package awl.model;

import awl.ConfigException;
import awl.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads `config.json` in both dialects: `rope_theta`, `rope_scaling`, `torch_dtype` (transformers 4) and
/// `rope_parameters`, `dtype` (transformers 5). What is absent gets the default that transformers gives it.
public final class HuggingFaceConfig {

    private static final long LIMIT = 16 << 20;
    private static final int MOST_LAYERS = 10_000;

    private final String file;
    private final JsonNode json;
    private final String modelType;

    private HuggingFaceConfig(String file, JsonNode json) {
        this.file = file;
        this.json = json;
        this.modelType = text("model_type", "");
        if (!ModelConfig.MODEL_TYPES.contains(modelType)) {
            throw new ConfigException("%s: model_type '%s' is not supported; supported are %s"
                    .formatted(file, modelType, String.join(", ", ModelConfig.MODEL_TYPES)));
        }
    }

    /// Reads `config.json` of a folder, and the ids that end a generation from its `generation_config.json`.
    public static ModelConfig read(Path folder) {
        Path generation = folder.resolve("generation_config.json");
        return read(
                folder.resolve("config.json"), Files.isRegularFile(generation) ? Json.tree(generation, LIMIT) : null);
    }

    /// @param config a `config.json`
    /// @param generation parsed `generation_config.json`, or null
    public static ModelConfig read(Path config, @Nullable JsonNode generation) {
        return read(config.toString(), Json.tree(config, LIMIT), generation);
    }

    /// @param where what errors call the configuration
    /// @param config parsed `config.json`
    /// @param generation parsed `generation_config.json`, or null
    public static ModelConfig read(String where, JsonNode config, @Nullable JsonNode generation) {
        return new HuggingFaceConfig(where, config).convert(generation);
    }

    private ModelConfig convert(@Nullable JsonNode generation) {
        boolean gemma2 = modelType.equals("gemma2");
        boolean qwen2 = modelType.equals("qwen2");
        int hidden = positive("hidden_size", null);
        int layers = positive("num_hidden_layers", null);
        if (layers > MOST_LAYERS) {
            throw new ConfigException(
                    "%s: 'num_hidden_layers' must be at most %d, found %d".formatted(file, MOST_LAYERS, layers));
        }
        int heads = positive("num_attention_heads", null);
        int kvHeads = positive("num_key_value_heads", defaultKvHeads(heads));
        int headDim = positive("head_dim", defaultHeadDim(hidden, heads));
        if (heads % kvHeads != 0) {
            throw new ConfigException("%s: num_attention_heads %d is not a multiple of num_key_value_heads %d"
                    .formatted(file, heads, kvHeads));
        }
        int maxPositions = positive("max_position_embeddings", 2048);
        JsonNode rope = json.path("rope_parameters");
        double theta = number(rope, "rope_theta", number(json, "rope_theta", 10000));
        if (theta <= 0) {
            throw new ConfigException("%s: 'rope_theta' must be a positive number, found %s".formatted(file, theta));
        }
        boolean attentionBias = qwen2 || flag("attention_bias", false);
        return new ModelConfig(
                modelType,
                positive("vocab_size", null),
                hidden,
                positive("intermediate_size", null),
                layers,
                heads,
                kvHeads,
                headDim,
                activation(),
                number(json, "rms_norm_eps", modelType.equals("phi3") ? 1e-5 : 1e-6),
                theta,
                RopeScalingReader.read(file, json),
                number(rope, "partial_rotary_factor", number(json, "partial_rotary_factor", 1)),
                maxPositions,
                windows(layers),
                attentionBias,
                attentionBias && !qwen2,
                flag("mlp_bias", false),
                softCap("attn_logit_softcapping", gemma2 ? 50.0 : null),
                softCap("final_logit_softcapping", gemma2 ? 30.0 : null),
                gemma2 ? number(json, "query_pre_attn_scalar", 256) : headDim,
                flag("tie_word_embeddings", gemma2),
                text("dtype", text("torch_dtype", "float32")),
                eosIds(generation),
                id("bos_token_id"),
                id("pad_token_id"));
    }

    private int defaultKvHeads(int heads) {
        return switch (modelType) {
            case "mistral" -> 8;
            case "gemma2" -> 4;
            case "qwen2", "qwen3" -> 32;
            default -> heads;
        };
    }

    private int defaultHeadDim(int hidden, int heads) {
        return switch (modelType) {
            case "gemma2" -> 256;
            case "qwen3" -> 128;
            default -> hidden / heads;
        };
    }

    private String activation() {
        String named = text("hidden_activation", text("hidden_act", "silu"));
        return switch (named) {
            case "silu", "swish" -> "silu";
            // Gemma's first configs say "gelu" and mean the tanh form, as transformers reads them.
            case "gelu_pytorch_tanh", "gelu_new" -> "gelu_pytorch_tanh";
            case "gelu" -> {
                if (modelType.equals("gemma2")) {
                    yield "gelu_pytorch_tanh";
                }
                throw new ConfigException(
                        file + ": hidden_act 'gelu' is not supported; supported are silu and gelu_pytorch_tanh");
            }
            default ->
                throw new ConfigException(
                        "%s: hidden_act '%s' is not supported; supported are silu and gelu_pytorch_tanh"
                                .formatted(file, named));
        };
    }

    /// Window of each layer, 0 = all tokens. `layer_types` rules where it is given.
    private List<Integer> windows(int layers) {
        int fallback = modelType.equals("mistral") || modelType.equals("gemma2") ? 4096 : 0;
        int window = json.has("sliding_window") ? json.get("sliding_window").asInt(0) : fallback;
        boolean qwen = modelType.startsWith("qwen");
        if (qwen && !flag("use_sliding_window", false)) {
            window = 0;
        }
        JsonNode types = json.path("layer_types");
        if (types.isArray()) {
            if (types.size() != layers) {
                throw new ConfigException(
                        "%s: layer_types has %d entries for %d layers".formatted(file, types.size(), layers));
            }
            List<Integer> each = new ArrayList<>(layers);
            for (JsonNode type : types) {
                each.add(
                        switch (type.asText()) {
                            case "full_attention" -> 0;
                            case "sliding_attention" -> window;
                            default ->
                                throw new ConfigException(
                                        "%s: layer_types: '%s' is not supported; supported are full_attention and sliding_attention"
                                                .formatted(file, type.asText()));
                        });
            }
            return List.copyOf(each);
        }
        if (modelType.equals("gemma2")) {
            List<Integer> each = new ArrayList<>(layers);
            for (int i = 0; i < layers; i++) {
                each.add(i % 2 == 0 ? window : 0);
            }
            return List.copyOf(each);
        }
        if (qwen && window > 0) {
            int first = json.path("max_window_layers").asInt(28);
            List<Integer> each = new ArrayList<>(layers);
            for (int i = 0; i < layers; i++) {
                each.add(i >= first ? window : 0);
            }
            return List.copyOf(each);
        }
        return Collections.nCopies(layers, window);
    }

    private List<Integer> eosIds(@Nullable JsonNode generation) {
        Set<Integer> ids = new LinkedHashSet<>();
        if (generation != null) {
            collectIds(generation.path("eos_token_id"), ids);
        }
        if (ids.isEmpty()) {
            collectIds(json.path("eos_token_id"), ids);
        }
        return List.copyOf(ids);
    }

    private static void collectIds(JsonNode node, Set<Integer> into) {
        if (node.isIntegralNumber()) {
            into.add(node.intValue());
        } else if (node.isArray()) {
            node.forEach(each -> collectIds(each, into));
        }
    }

    private @Nullable Integer id(String key) {
        JsonNode node = json.path(key);
        return node.isIntegralNumber() ? (Integer) node.intValue() : null;
    }

    private @Nullable Double softCap(String key, @Nullable Double fallback) {
        if (!json.has(key)) {
            return fallback;
        }
        return json.get(key).isNull() ? null : (Double) number(json, key, 0);
    }

    private int positive(String key, @Nullable Integer fallback) {
        JsonNode node = json.path(key);
        if ((node.isMissingNode() || node.isNull()) && fallback != null) {
            return fallback;
        }
        if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() <= 0) {
            throw new ConfigException("%s: '%s' must be a positive integer, found %s"
                    .formatted(file, key, node.isMissingNode() ? "nothing" : node.toString()));
        }
        return node.intValue();
    }

    private double number(JsonNode from, String key, double fallback) {
        JsonNode node = from.path(key);
        if (node.isMissingNode() || node.isNull()) {
            return fallback;
        }
        if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw new ConfigException("%s: '%s' must be a number, found %s".formatted(file, key, node));
        }
        return node.doubleValue();
    }

    private boolean flag(String key, boolean fallback) {
        JsonNode node = json.path(key);
        if (node.isMissingNode() || node.isNull()) {
            return fallback;
        }
        if (!node.isBoolean()) {
            throw new ConfigException("%s: '%s' must be true or false, found %s".formatted(file, key, node));
        }
        return node.booleanValue();
    }

    private String text(String key, String fallback) {
        JsonNode node = json.path(key);
        return node.isTextual() ? node.textValue().toLowerCase(Locale.ROOT) : fallback;
    }
}
