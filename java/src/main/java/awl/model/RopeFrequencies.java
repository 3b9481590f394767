package awl.model;

import awl.ConfigException;
import java.util.List;

/// How fast each pair of a head's numbers turns with the position, and how long-context variants change that.
///
/// Computed step by step in float32 as transformers does: at large positions another rounding of a frequency is
/// another angle.
final class RopeFrequencies {

    private final RopeScaling scaling;
    private final int rotated;
    private final double theta;
    private final int maxPositions;
    private final int original;
    private final float[] plain;

    RopeFrequencies(ModelConfig config) {
        this.scaling = config.ropeScaling();
        this.rotated = (int) (config.headDim() * config.partialRotaryFactor());
        this.theta = config.ropeTheta();
        this.maxPositions = config.maxPositions();
        this.original = scaling.originalMaxPositions() > 0 ? scaling.originalMaxPositions() : maxPositions;
        for (List<Double> factors : List.of(scaling.shortFactor(), scaling.longFactor())) {
            if (scaling.type().equals("longrope") && factors.size() != rotated / 2) {
                throw new ConfigException(
                        "rope scaling longrope: short_factor and long_factor need %d numbers each, found %d"
                                .formatted(rotated / 2, factors.size()));
            }
        }
        this.plain = switch (scaling.type()) {
            case "default", "dynamic", "longrope" -> base(theta);
            case "linear" -> linear(base(theta));
            case "llama3" -> llama3(base(theta));
            case "yarn" -> yarn();
            default ->
                throw new ConfigException(
                        "rope type '%s' is not supported; supported are default, linear, dynamic, llama3, yarn, longrope"
                                .formatted(scaling.type()));
        };
    }

    /// R, the numbers of a head that turn.
    int rotated() {
        return rotated;
    }

    /// Whether a sequence's length decides its frequencies.
    boolean dependOnLength() {
        return scaling.type().equals("dynamic") || scaling.type().equals("longrope");
    }

    /// Radians a position, R/2 of them.
    ///
    /// @param length of the sequence
    float[] inverse(int length) {
        return switch (scaling.type()) {
            case "dynamic" -> {
                if (length <= maxPositions) {
                    yield plain;
                }
                double stretch = scaling.factor() * length / maxPositions - (scaling.factor() - 1);
                yield base(theta * Math.pow(stretch, rotated / (rotated - 2.0)));
            }
            case "longrope" -> divided(plain, length > original ? scaling.longFactor() : scaling.shortFactor());
            default -> plain;
        };
    }

    /// What cosine and sine are multiplied with.
    double attentionFactor() {
        if (!Double.isNaN(scaling.attentionFactor())) {
            return scaling.attentionFactor();
        }
        double factor = scaling.factor();
        return switch (scaling.type()) {
            case "yarn" ->
                scaling.mscale() != 0 && scaling.mscaleAllDim() != 0
                        ? magnitude(factor, scaling.mscale()) / magnitude(factor, scaling.mscaleAllDim())
                        : magnitude(factor, 1);
            case "longrope" -> factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
            default -> 1;
        };
    }

    private static double magnitude(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * Math.log(factor) + 1;
    }

    private float[] base(double at) {
        float[] inverse = new float[rotated / 2];
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] = 1f / (float) Math.pow((float) at, 2f * i / rotated);
        }
        return inverse;
    }

    private float[] linear(float[] inverse) {
        for (int i = 0; i < inverse.length; i++) {
            inverse[i] /= (float) scaling.factor();
        }
        return inverse;
    }

    private static float[] divided(float[] inverse, List<Double> factors) {
        float[] result = new float[inverse.length];
        for (int i = 0; i < result.length; i++) {
            // transformers multiplies factor and power before it inverts; in float32 that is another last bit.
            result[i] = 1f / (factors.get(i).floatValue() * (1f / inverse[i]));
        }
        return result;
    }

    /// Llama 3.1: slow pairs are stretched, fast ones stay, those between are blended.
    private float[] llama3(float[] inverse) {
        double slowest = original / scaling.lowFrequencyFactor();
        double fastest = original / scaling.highFrequencyFactor();
        for (int i = 0; i < inverse.length; i++) {
            float length = (float) (2 * Math.PI) / inverse[i];
            float stretched = length > slowest ? inverse[i] / (float) scaling.factor() : inverse[i];
            if (length >= fastest && length <= slowest) {
                float smooth = (original / length - (float) scaling.lowFrequencyFactor())
                        / (float) (scaling.highFrequencyFactor() - scaling.lowFrequencyFactor());
                stretched = (1 - smooth) * stretched / (float) scaling.factor() + smooth * stretched;
            }
            inverse[i] = stretched;
        }
        return inverse;
    }

    /// YaRN: interpolated below, extrapolated above a ramp over the pairs.
    private float[] yarn() {
        double low = correction(scaling.betaFast());
        double high = correction(scaling.betaSlow());
        if (scaling.truncate()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        high = Math.min(high, rotated - 1);
        if (low == high) {
            high += 0.001;
        }
        float[] inverse = base(theta);
        for (int i = 0; i < inverse.length; i++) {
            float power = 1f / inverse[i];
            float between = 1f / ((float) scaling.factor() * power);
            float ramp = Math.clamp((float) ((i - low) / (high - low)), 0f, 1f);
            float beyond = 1 - ramp;
            inverse[i] = between * (1 - beyond) + inverse[i] * beyond;
        }
        return inverse;
    }

    /// Index of the pair that turns this many times over the original context.
    private double correction(double rotations) {
        return rotated * Math.log(original / (rotations * 2 * Math.PI)) / (2 * Math.log(theta));
    }
}
