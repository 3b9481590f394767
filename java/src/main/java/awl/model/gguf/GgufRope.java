package awl.model.gguf;

import awl.ConfigException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Rotary scaling of a GGUF file as the `rope_parameters` of a `config.json`.
///
/// Llama 3.1 and later come with the *result* of their scaling, one factor for each frequency in the tensor
/// `rope_freqs.weight`; the rule that made them is found again where it is Llama 3's, and otherwise the factors
/// themselves are handed on, as `longrope` can.
final class GgufRope {

    private final GgufFile file;
    private final String prefix;
    private final int headSize;
    private final double theta;

    /// @param architecture prefix of the metadata's keys
    GgufRope(GgufFile file, String architecture, int headSize) {
        this.file = file;
        this.prefix = architecture + ".rope.";
        this.headSize = headSize;
        this.theta = file.metadata().number(prefix + "freq_base", 10000);
    }

    Map<String, @Nullable Object> parameters(int contextLength) {
        GgufMetadata metadata = file.metadata();
        Map<String, @Nullable Object> rope = new LinkedHashMap<>();
        rope.put("rope_theta", theta);
        GgufTensor factors = file.tensors().get(GgufNames.ROPE_FACTORS);
        String type = metadata.string(prefix + "scaling.type");
        double linear = metadata.number(prefix + "scaling.factor", metadata.number(prefix + "scale_linear", 1));
        if (factors != null) {
            fromFactors(values(factors), contextLength, rope);
        } else if (type == null ? linear == 1 : type.equals("none")) {
            rope.put("rope_type", "default");
        } else if (type == null || type.equals("linear")) {
            rope.put("rope_type", linear == 1 ? "default" : "linear");
            if (linear != 1) {
                rope.put("factor", linear);
            }
        } else if (type.equals("yarn")) {
            rope.put("rope_type", "yarn");
            rope.put("factor", linear);
            rope.put(
                    "original_max_position_embeddings",
                    metadata.requireSize(prefix + "scaling.original_context_length"));
        } else {
            throw new ConfigException("%s: %sscaling.type '%s' is not supported; supported are none, linear and yarn"
                    .formatted(file.path(), prefix, type));
        }
        return rope;
    }

    private float[] values(GgufTensor tensor) {
        if (tensor.type() != GgufType.F32 || tensor.shape().length != 1 || tensor.columns() != headSize / 2) {
            throw new ConfigException("%s: %s must be %d float32 values, one for each rotary frequency"
                    .formatted(file.path(), tensor.name(), headSize / 2));
        }
        float[] values = new float[headSize / 2];
        MemorySegment.copy(file.bytes(tensor), ValueLayout.JAVA_FLOAT_UNALIGNED, 0, values, 0, values.length);
        for (float value : values) {
            if (!(value > 0) || value == Float.POSITIVE_INFINITY) {
                throw new ConfigException("%s: %s holds the factor %s; a factor is positive"
                        .formatted(file.path(), tensor.name(), value));
            }
        }
        return values;
    }

    private void fromFactors(float[] factors, int contextLength, Map<String, @Nullable Object> rope) {
        float factor = factors[factors.length - 1];
        // 8192 is what all published models have; short heads fit several contexts, with the same numbers.
        List<Integer> contexts = new ArrayList<>(List.of(8192));
        for (int context = 16; context <= 1 << 20; context *= 2) {
            contexts.add(context);
        }
        for (int original : contexts) {
            if (matches(factors, factor, original)) {
                rope.put("rope_type", "llama3");
                rope.put("factor", Double.valueOf(Float.toString(factor)));
                rope.put("low_freq_factor", 1.0);
                rope.put("high_freq_factor", 4.0);
                rope.put("original_max_position_embeddings", original);
                return;
            }
        }
        List<Double> each = new ArrayList<>(factors.length);
        for (float value : factors) {
            each.add((double) value);
        }
        rope.put("rope_type", "longrope");
        rope.put("factor", 1.0);
        rope.put("attention_factor", 1.0);
        rope.put("original_max_position_embeddings", contextLength);
        rope.put("short_factor", each);
        rope.put("long_factor", each);
    }

    /// Whether Llama 3's rule (low 1, high 4) over that context gives these factors, to the rounding of float32.
    private boolean matches(float[] factors, double factor, int original) {
        for (int i = 0; i < factors.length; i++) {
            double wavelength = 2 * Math.PI * Math.pow(theta, 2.0 * i / headSize);
            double ratio = original / wavelength;
            double smooth = (ratio - 1) / 3;
            double expected = ratio > 4 ? 1 : ratio < 1 ? factor : 1 / ((1 - smooth) / factor + smooth);
            if (Math.abs(factors[i] - expected) > 2e-6 * expected) {
                return false;
            }
        }
        return true;
    }
}
