package awl.model;

import awl.ConfigException;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/// Reads rotary scaling from `rope_parameters` or `rope_scaling` of a `config.json`.
final class RopeScalingReader {

    private final String file;
    private final JsonNode rope;

    private RopeScalingReader(String file, JsonNode rope) {
        this.file = file;
        this.rope = rope;
    }

    /// @param config the whole `config.json`
    static RopeScaling read(String file, JsonNode config) {
        JsonNode rope =
                config.path("rope_parameters").isObject() ? config.get("rope_parameters") : config.path("rope_scaling");
        if (!rope.isObject()) {
            return RopeScaling.DEFAULT;
        }
        String type = rope.path("rope_type").asText(rope.path("type").asText("default"));
        if (type.equals("su")) {
            type = "longrope";
        }
        if (!List.of("default", "linear", "dynamic", "llama3", "yarn", "longrope")
                .contains(type)) {
            throw new ConfigException(
                    "%s: rope type '%s' is not supported; supported are default, linear, dynamic, llama3, yarn, longrope"
                            .formatted(file, type));
        }
        if (type.equals("default")) {
            return RopeScaling.DEFAULT;
        }
        int original = rope.path("original_max_position_embeddings")
                .asInt(config.path("original_max_position_embeddings").asInt(0));
        RopeScalingReader reader = new RopeScalingReader(file, rope);
        double factor = reader.number("factor", 1);
        if (type.equals("longrope") && !rope.has("factor") && original > 0) {
            factor = config.path("max_position_embeddings").asDouble(original) / original;
        }
        return new RopeScaling(
                type,
                factor,
                reader.number("low_freq_factor", 1),
                reader.number("high_freq_factor", 4),
                original,
                reader.number("beta_fast", 32),
                reader.number("beta_slow", 1),
                reader.number("attention_factor", Double.NaN),
                reader.number("mscale", 0),
                reader.number("mscale_all_dim", 0),
                rope.path("truncate").asBoolean(true),
                reader.numbers("short_factor"),
                reader.numbers("long_factor"));
    }

    private double number(String key, double fallback) {
        JsonNode node = rope.path(key);
        if (node.isMissingNode() || node.isNull()) {
            return fallback;
        }
        if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
            throw new ConfigException("%s: rope '%s' must be a number, found %s".formatted(file, key, node));
        }
        return node.doubleValue();
    }

    private List<Double> numbers(String key) {
        List<Double> values = new ArrayList<>();
        for (JsonNode each : rope.path(key)) {
            if (!each.isNumber()) {
                throw new ConfigException("%s: rope '%s' must hold numbers, found %s".formatted(file, key, each));
            }
            values.add(each.doubleValue());
        }
        return List.copyOf(values);
    }
}
