package awl.model;

import java.util.List;

/// How rotary frequencies are stretched beyond the trained context. Fields that a type does not use hold the value
/// given
/// in brackets.
///
/// | type | source |
/// |---|---|
/// | `default` | RoPE, arXiv 2104.09864 |
/// | `linear` | position interpolation, arXiv 2306.15595 |
/// | `dynamic` | NTK-aware, scaled with the length at hand |
/// | `llama3` | Llama 3.1's piecewise scaling |
/// | `yarn` | YaRN, arXiv 2309.00071 |
/// | `longrope` | LongRoPE, arXiv 2402.13753 (Phi-3's `su`) |
///
/// @param factor stretch (1)
/// @param lowFrequencyFactor llama3 (1)
/// @param highFrequencyFactor llama3 (4)
/// @param originalMaxPositions context the model was trained with (0: the config's max_position_embeddings)
/// @param betaFast yarn (32)
/// @param betaSlow yarn (1)
/// @param attentionFactor yarn and longrope: factor on cosine and sine; NaN = derived from `factor`
/// @param mscale yarn (0 = absent)
/// @param mscaleAllDim yarn (0 = absent)
/// @param truncate yarn: whether the correction range is rounded to whole dimensions (true)
/// @param shortFactor longrope, one per frequency (empty)
/// @param longFactor longrope, one per frequency (empty)
public record RopeScaling(
        String type,
        double factor,
        double lowFrequencyFactor,
        double highFrequencyFactor,
        int originalMaxPositions,
        double betaFast,
        double betaSlow,
        double attentionFactor,
        double mscale,
        double mscaleAllDim,
        boolean truncate,
        List<Double> shortFactor,
        List<Double> longFactor) {

    /// Plain rotary embedding.
    public static final RopeScaling DEFAULT =
            new RopeScaling("default", 1, 1, 4, 0, 32, 1, Double.NaN, 0, 0, true, List.of(), List.of());
}
