package awl.train;

import awl.data.Mixture;
import awl.data.Reduction;
import awl.loss.PreferenceLoss;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a run minimises: the section `objective` of a run file.
///
/// @param type kind of rows and loss
/// @param alpha `mixed`: share of rows of origin knowledge
/// @param lambda `mixed`: share of easy rows in the rest
/// @param sampling `mixed`: whether the shares are weights of rows or probabilities of drawing them
/// @param beta `dpo`, `ipo`: strength of the reference
/// @param reference `dpo`, `ipo`: model folder, GGUF file, or a PEFT folder over `model.path`; default: `model.path`
///     itself, without any adapter
/// @param sftWeight `dpo`, `ipo`: what the mean negative log-likelihood of the chosen answer counts beside
@JsonInclude(JsonInclude.Include.NON_NULL)
public record ObjectiveConfig(
        Type type,
        @Nullable Double alpha,
        @Nullable Double lambda,
        Mixture.@Nullable Sampling sampling,
        @Nullable Double beta,
        @Nullable String reference,
        @JsonProperty("sft_weight") @Nullable Double sftWeight) {

    /// Kinds of objective.
    public enum Type {
        /// Weighted cross-entropy over all rows alike.
        @JsonProperty("cross_entropy")
        CROSS_ENTROPY,
        /// The mixed objective: rows name their origin.
        @JsonProperty("mixed")
        MIXED,
        /// Direct preference optimisation over pairs.
        @JsonProperty("dpo")
        DPO,
        /// Identity preference optimisation over pairs.
        @JsonProperty("ipo")
        IPO;

        /// Whether its rows are preference pairs.
        boolean preference() {
            return this == DPO || this == IPO;
        }

        /// The name used in configuration files.
        String key() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /// Keys that belong to some types only, with what they are by default.
    static final Map<Type, Map<String, Object>> DEFAULTS = Map.of(
            Type.CROSS_ENTROPY, Map.of(),
            Type.MIXED, Map.of("alpha", 0.5, "lambda", 0.5, "sampling", "weighted"),
            Type.DPO, Map.of("beta", 0.1, "sft_weight", 0.0),
            Type.IPO, Map.of("beta", 0.1, "sft_weight", 0.0));

    /// Types that read a key.
    static List<Type> readers(String key) {
        return java.util.Arrays.stream(Type.values())
                .filter(type -> key.equals("type")
                        || DEFAULTS.getOrDefault(type, Map.of()).containsKey(key)
                        || (key.equals("reference") && type.preference()))
                .toList();
    }

    /// The mixture of a `mixed` objective.
    Mixture mixture(Reduction reduction) {
        return new Mixture(need(alpha), need(lambda), reduction, need(sampling));
    }

    /// The loss of a preference objective.
    PreferenceLoss preference() {
        return new PreferenceLoss(
                type == Type.IPO ? PreferenceLoss.Kind.IPO : PreferenceLoss.Kind.SIGMOID, need(beta), need(sftWeight));
    }

    private static <T> T need(@Nullable T value) {
        return java.util.Objects.requireNonNull(value, "ConfigFile fills defaults in");
    }
}
