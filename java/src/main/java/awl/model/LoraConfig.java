package awl.model;

import awl.ConfigException;
import java.util.List;

/// Which linear layers get a low-rank adapter, and of what kind.
///
/// @param rank R
/// @param alpha the adapter is multiplied with `alpha / rank`, with rsLoRA `alpha / sqrt(rank)` (arXiv 2312.03732)
/// @param targets modules by name (`q_proj`) or by the end of their full name; or just `all-linear`
/// @param dropout probability of dropping an input of the adapter in training
/// @param rsLora see `alpha`
public record LoraConfig(int rank, double alpha, List<String> targets, double dropout, boolean rsLora) {

    public static final String ALL_LINEAR = "all-linear";

    public LoraConfig {
        targets = List.copyOf(targets);
        if (rank < 1) {
            throw new ConfigException("lora.rank: expected at least 1, found " + rank);
        }
        if (!(alpha > 0) || Double.isInfinite(alpha)) {
            throw new ConfigException("lora.alpha: expected a positive number, found " + alpha);
        }
        if (!(dropout >= 0 && dropout < 1)) {
            throw new ConfigException("lora.dropout: expected a probability from 0 to below 1, found " + dropout);
        }
        if (targets.isEmpty()) {
            throw new ConfigException("lora.targets: expected module names or " + ALL_LINEAR + ", found none");
        }
    }

    /// What the product of the adapter's matrices is multiplied with.
    public double scaling() {
        return rsLora ? alpha / Math.sqrt(rank) : alpha / rank;
    }

    /// Whether `target` names the module.
    static boolean names(String target, String module) {
        return target.equals(ALL_LINEAR) || module.equals(target) || module.endsWith("." + target);
    }
}
