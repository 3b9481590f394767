package awl.tensor;

import awl.ConfigException;
import java.util.Locale;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// In what numbers parameters and activations are stored. Sums that matter (norms, softmax, gradients of parameters)
/// are in float32 or wider whatever the choice.
public enum Precision {
    FP32(ScalarType.Float),
    BF16(ScalarType.BFloat16),
    /// Twice the cost and no use for training; the measure of the error of the others.
    FP64(ScalarType.Double);

    private final ScalarType scalarType;

    Precision(ScalarType scalarType) {
        this.scalarType = scalarType;
    }

    public ScalarType scalarType() {
        return scalarType;
    }

    /// Dtype of what is accumulated over many terms: float32, float64 for float64.
    public ScalarType sumType() {
        return this == FP64 ? ScalarType.Double : ScalarType.Float;
    }

    /// As written in configurations: `fp32`, `bf16` (and `fp64`).
    public static Precision parse(String text) {
        for (Precision precision : values()) {
            if (precision.toString().equals(text)) {
                return precision;
            }
        }
        throw new ConfigException("precision: expected fp32, bf16 or fp64, found '" + text + "'");
    }

    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
