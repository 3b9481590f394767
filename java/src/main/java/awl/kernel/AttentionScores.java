package awl.kernel;

import awl.ConfigException;
import org.jspecify.annotations.Nullable;

/// What becomes of a query and a key: `scale q k`, soft-capped if asked, for the keys in the window.
///
/// @param scale scores are multiplied with it
/// @param softCap `cap * tanh(score / cap)` (Gemma 2); null = none
/// @param window how many last tokens a token sees, itself included; 0 = all
public record AttentionScores(double scale, @Nullable Double softCap, int window) {

    public AttentionScores {
        if (softCap != null && !(softCap > 0 && Double.isFinite(softCap))) {
            throw new ConfigException("soft-cap: expected a positive number, got " + softCap);
        }
        if (window < 0) {
            throw new ConfigException("window: expected at least 0, got " + window);
        }
    }

    /// As the kernels take it: 0 for none.
    double nativeCap() {
        return softCap == null ? 0 : softCap;
    }
}
