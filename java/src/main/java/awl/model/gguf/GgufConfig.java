package awl.model.gguf;

import awl.CheckpointException;
import awl.model.ModelConfig;
import awl.model.RopeScaling;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongUnaryOperator;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A model's configuration out of GGUF metadata, architectures `llama` (Mistral too) and `qwen2`.
final class GgufConfig {

    private final GgufFile file;
    private final String architecture;

    private GgufConfig(GgufFile file) {
        this.file = file;
        this.architecture = file.require("general.architecture", String.class);
        if (!List.of("llama", "qwen2").contains(architecture)) {
            throw bad("architecture '" + architecture + "' is not supported; supported are llama and qwen2");
        }
    }

    static ModelConfig read(GgufFile file) {
        return new GgufConfig(file).convert();
    }

    private ModelConfig convert() {
        if (integer("expert_count", 0) > 0) {
            throw bad("mixtures of experts are not supported");
        }
        int hidden = positive("embedding_length", null);
        int layers = positive("block_count", null);
        int heads = positive("attention.head_count", null);
        int headDim = positive("attention.key_length", hidden / heads);
        int rotated = positive("rope.dimension_count", headDim);
        GgufReader.Entry embedding = file.tensors().get("token_embd.weight");
        if (embedding == null || embedding.shape().length != 2) {
            throw bad("tensor 'token_embd.weight' is missing or no matrix");
        }
        double theta = number("rope.freq_base", 10000);
        return new ModelConfig(
                architecture,
                Math.toIntExact(embedding.shape()[0]),
                hidden,
                positive("feed_forward_length", null),
                layers,
                heads,
                positive("attention.head_count_kv", heads),
                headDim,
                "silu",
                number("attention.layer_norm_rms_epsilon", 1e-6),
                theta,
                scaling(theta, rotated),
                (double) rotated / headDim,
                positive("context_length", 2048),
                Collections.nCopies(layers, integer("attention.sliding_window", 0)),
                file.tensors().containsKey("blk.0.attn_q.bias"),
                file.tensors().containsKey("blk.0.attn_output.bias"),
                file.tensors().containsKey("blk.0.ffn_gate.bias"),
                null,
                null,
                headDim,
                !file.tensors().containsKey("output.weight"),
                "float32",
                eosIds(),
                id("bos_token_id"),
                id("padding_token_id"));
    }

    private RopeScaling scaling(double theta, int rotated) {
        GgufReader.Entry factors = file.tensors().get("rope_freqs.weight");
        if (factors != null) {
            return fromFactors(factors, theta, rotated);
        }
        String type = file.find(architecture + ".rope.scaling.type", String.class);
        if (type == null || type.equals("none")) {
            return RopeScaling.DEFAULT;
        }
        if (!type.equals("linear") && !type.equals("yarn")) {
            throw bad("rope scaling type '" + type + "' is not supported; supported are none, linear, yarn");
        }
        RopeScaling plain = RopeScaling.DEFAULT;
        return new RopeScaling(
                type,
                number("rope.scaling.factor", 1),
                plain.lowFrequencyFactor(),
                plain.highFrequencyFactor(),
                integer("rope.scaling.original_context_length", 0),
                plain.betaFast(),
                plain.betaSlow(),
                plain.attentionFactor(),
                plain.mscale(),
                plain.mscaleAllDim(),
                plain.truncate(),
                List.of(),
                List.of());
    }

    /// Llama 3's scaling is stored as what each frequency is divided by. Where the numbers are those of the formula,
    /// it is named so; otherwise the factors are kept as they are, in LongRoPE's form.
    private RopeScaling fromFactors(GgufReader.Entry entry, double theta, int rotated) {
        double[] factors = new double[rotated / 2];
        try (Tensor tensor = file.read(entry, ScalarType.Float, LongUnaryOperator.identity())) {
            if (tensor.numel() != factors.length) {
                throw bad("tensor 'rope_freqs.weight' has %d values; expected %d"
                        .formatted(tensor.numel(), factors.length));
            }
            for (int i = 0; i < factors.length; i++) {
                factors[i] = tensor.data_ptr_float().get(i);
            }
        }
        for (double factor : new double[] {8, 32, 4, 16}) {
            for (int original : new int[] {8192, 4096}) {
                if (agrees(factors, factor, original, theta, rotated)) {
                    return new RopeScaling(
                            "llama3", factor, 1, 4, original, 32, 1, Double.NaN, 0, 0, true, List.of(), List.of());
                }
            }
        }
        List<Double> kept = java.util.Arrays.stream(factors).boxed().toList();
        return new RopeScaling("longrope", 1, 1, 4, 0, 32, 1, 1, 0, 0, true, kept, kept);
    }

    private static boolean agrees(double[] factors, double factor, int original, double theta, int rotated) {
        for (int i = 0; i < factors.length; i++) {
            double wavelength = 2 * Math.PI * Math.pow(theta, 2.0 * i / rotated);
            double expected;
            if (wavelength < original / 4.0) {
                expected = 1;
            } else if (wavelength > original) {
                expected = factor;
            } else {
                double smooth = (original / wavelength - 1) / 3;
                expected = 1 / ((1 - smooth) / factor + smooth);
            }
            if (Math.abs(factors[i] - expected) > 1e-4 * expected) {
                return false;
            }
        }
        return true;
    }

    private List<Integer> eosIds() {
        Set<Integer> ids = new LinkedHashSet<>();
        for (String key : List.of("eos_token_id", "eot_token_id", "eom_token_id")) {
            Integer id = id(key);
            if (id != null) {
                ids.add(id);
            }
        }
        return List.copyOf(ids);
    }

    private @Nullable Integer id(String key) {
        Long value = file.find("tokenizer.ggml." + key, Long.class);
        return value == null ? null : (Integer) Math.toIntExact(value);
    }

    private int integer(String key, @Nullable Integer fallback) {
        Long value = file.find(architecture + "." + key, Long.class);
        if (value == null) {
            if (fallback == null) {
                throw bad("metadata '" + architecture + "." + key + "' is missing");
            }
            return fallback;
        }
        if (value < 0 || value > Integer.MAX_VALUE) {
            throw bad("metadata '%s.%s' is %d".formatted(architecture, key, value));
        }
        return value.intValue();
    }

    private int positive(String key, @Nullable Integer fallback) {
        int value = integer(key, fallback);
        if (value == 0) {
            throw bad("metadata '%s.%s' is 0".formatted(architecture, key));
        }
        return value;
    }

    /// Float metadata were decimal numbers once: the shortest decimal that gives the same float32 is taken.
    private double number(String key, double fallback) {
        Double value = file.find(architecture + "." + key, Double.class);
        return value == null ? fallback : Double.parseDouble(Float.toString(value.floatValue()));
    }

    private CheckpointException bad(String message) {
        return new CheckpointException(file.path() + ": " + message);
    }
}
