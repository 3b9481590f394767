package awl.model;

import awl.CheckpointException;
import awl.ConfigException;
import awl.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/// `adapter_config.json` of a PEFT folder, as far as plain LoRA goes; what would make the adapter something else is
/// refused by name.
///
/// @param rank of every module that `rankPattern` does not name
/// @param alpha of every module that `alphaPattern` does not name
/// @param targets module names, or the one regular expression of a config that has it so; a record of what was asked
///     for, as the tensors themselves say which modules are adapted
/// @param rankPattern regular expressions of module names, matched at a dot or the start, to the end
/// @param baseModel what it was trained on; null where the file does not say
record PeftConfig(
        int rank,
        double alpha,
        double dropout,
        boolean rsLora,
        List<String> targets,
        Map<Pattern, Double> rankPattern,
        Map<Pattern, Double> alphaPattern,
        @Nullable String baseModel) {

    private static final long LIMIT = 16 << 20;
    private static final int MAX_PATTERNS = 4096;
    private static final Pattern REPEATED_GROUP = Pattern.compile("\\)[*+?{]|\\\\[1-9k]");

    /// Keys that must be absent, null, false or empty, and what they would mean.
    private static final Map<String, String> REFUSED = Map.ofEntries(
            Map.entry("use_dora", "DoRA adds a trained magnitude to each weight"),
            Map.entry("use_qalora", "QALoRA pools the inputs"),
            Map.entry("use_bdlora", "BD-LoRA is block-diagonal"),
            Map.entry("lora_bias", "the adapter's matrices have biases"),
            Map.entry("fan_in_fan_out", "weights are stored transposed, as no model here has them"),
            Map.entry("modules_to_save", "whole modules were trained beside the adapter"),
            Map.entry("trainable_token_indices", "embeddings of single tokens were trained beside the adapter"),
            Map.entry("target_parameters", "parameters that are no linear layers were adapted"),
            Map.entry("layer_replication", "layers of the base model are repeated"),
            Map.entry("alora_invocation_tokens", "an activated LoRA works on a part of the sequence"),
            Map.entry("arrow_config", "Arrow routes between several adapters"),
            Map.entry("kasa_config", "KaSA adds singular values"),
            Map.entry("monteclora_config", "MonteCLoRA samples its weights"),
            Map.entry("velora_config", "VeLoRA changes the gradients"));

    /// Ways to begin that leave the base model's weights alone.
    private static final List<String> HARMLESS_STARTS = List.of("true", "false", "gaussian", "eva", "orthogonal");

    static PeftConfig read(Path file) {
        return new Reader(file.toString(), Json.tree(file, LIMIT)).read();
    }

    /// @param module full name, without PEFT's prefix
    double scaling(String module) {
        double r = rank(module);
        double a = of(alphaPattern, module, alpha);
        return rsLora ? a / Math.sqrt(r) : a / r;
    }

    int rank(String module) {
        return (int) of(rankPattern, module, rank);
    }

    private static double of(Map<Pattern, Double> patterns, String module, double fallback) {
        for (Map.Entry<Pattern, Double> each : patterns.entrySet()) {
            if (each.getKey().matcher(module).matches()) {
                return each.getValue();
            }
        }
        return fallback;
    }

    private record Reader(String file, JsonNode json) {

        PeftConfig read() {
            String type = json.path("peft_type").asText("LORA");
            if (!type.equals("LORA")) {
                throw new ConfigException(file + ": peft_type '" + type + "' is not supported; supported is LORA");
            }
            REFUSED.forEach((key, meaning) -> {
                if (isSet(json.path(key))) {
                    throw new ConfigException(
                            "%s: %s is %s: %s, which is not supported".formatted(file, key, json.get(key), meaning));
                }
            });
            String bias = json.path("bias").asText("none");
            if (!bias.equals("none")) {
                throw new ConfigException(
                        "%s: bias is '%s': the base model's biases were trained too, which is not supported (expected \"none\")"
                                .formatted(file, bias));
            }
            String start = json.path("init_lora_weights").asText("true");
            if (!HARMLESS_STARTS.contains(start)) {
                throw new ConfigException(
                        "%s: init_lora_weights '%s' changes the base model's weights; save the adapter as a plain LoRA (PEFT: save_pretrained with path_initial_model_for_weight_conversion)"
                                .formatted(file, start));
            }
            int rank = rank("r", json.path("r"));
            return new PeftConfig(
                    rank,
                    number("lora_alpha", json.path("lora_alpha").isMissingNode() ? null : json.get("lora_alpha"), 8),
                    number(
                            "lora_dropout",
                            json.path("lora_dropout").isMissingNode() ? null : json.get("lora_dropout"),
                            0),
                    json.path("use_rslora").asBoolean(false),
                    targets(),
                    patterns("rank_pattern"),
                    patterns("alpha_pattern"),
                    json.path("base_model_name_or_path").isTextual()
                            ? json.get("base_model_name_or_path").textValue()
                            : null);
        }

        private static boolean isSet(JsonNode node) {
            boolean neutral = node.isMissingNode()
                    || node.isNull()
                    || (node.isBoolean() && !node.booleanValue())
                    || (node.isContainerNode() && node.isEmpty())
                    || (node.isTextual() && node.textValue().isEmpty());
            return !neutral;
        }

        private List<String> targets() {
            JsonNode node = json.path("target_modules");
            if (node.isTextual()) {
                return List.of(node.textValue());
            }
            List<String> names = new ArrayList<>();
            for (JsonNode each : node) {
                if (!each.isTextual()) {
                    throw new ConfigException(
                            "%s: target_modules must hold module names, found %s".formatted(file, each));
                }
                names.add(each.textValue());
            }
            names.sort(null);
            return names;
        }

        private Map<Pattern, Double> patterns(String key) {
            Map<Pattern, Double> patterns = new LinkedHashMap<>();
            if (json.path(key).size() > MAX_PATTERNS) {
                throw new ConfigException("%s: %s has %d entries; at most %d are read"
                        .formatted(file, key, json.get(key).size(), MAX_PATTERNS));
            }
            json.path(key).properties().forEach(entry -> {
                String name = key + "." + entry.getKey();
                double value =
                        key.startsWith("rank") ? rank(name, entry.getValue()) : number(name, entry.getValue(), 0);
                patterns.put(pattern(name, entry.getKey()), value);
            });
            return patterns;
        }

        /// As PEFT matches: at a dot or the start, to the end. A repeated group, or many repetitions, can take a
        /// regular
        /// expression longer than anyone waits; no module name needs them.
        private Pattern pattern(String name, String regex) {
            boolean costly = REPEATED_GROUP.matcher(regex).find()
                    || regex.chars()
                                    .filter(c -> c == '*' || c == '+' || c == '{')
                                    .count()
                            > 3;
            if (costly) {
                throw new ConfigException("%s: %s: expected a module name or a simple regular expression (no repeated "
                                .formatted(file, name)
                        + "groups, at most three repetitions)");
            }
            try {
                return Pattern.compile("(.*\\.)?(" + regex + ")");
            } catch (PatternSyntaxException e) {
                throw new ConfigException(file + ": " + name + ": no regular expression: " + e.getDescription(), e);
            }
        }

        private int rank(String name, JsonNode node) {
            if (!node.isIntegralNumber() || !node.canConvertToInt() || node.intValue() < 1) {
                throw new CheckpointException("%s: %s must be a positive integer, found %s"
                        .formatted(file, name, node.isMissingNode() ? "nothing" : node.toString()));
            }
            return node.intValue();
        }

        private double number(String name, @Nullable JsonNode node, double fallback) {
            if (node == null) {
                return fallback;
            }
            if (!node.isNumber() || !Double.isFinite(node.doubleValue())) {
                throw new CheckpointException("%s: %s must be a number, found %s".formatted(file, name, node));
            }
            return node.doubleValue();
        }
    }
}
