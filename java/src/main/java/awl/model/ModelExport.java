package awl.model;

import awl.CheckpointException;
import awl.ConfigException;
import awl.tensor.Parameter;
import awl.tensor.SafetensorsWriter;
import awl.tensor.SafetensorsWriter.Entry;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Writes models as Hugging Face folders that transformers loads: weights as safetensors (shards of at most 5 GB), and
/// the configuration, tokenizer and chat template of the model they came from.
///
/// One tensor is in memory at a time. All methods write into a folder that exists and that nobody reads yet; see
/// [OutputFolder].
public final class ModelExport {

    private ModelExport() {}

    /// Number format in which a model says it is stored.
    public static ScalarType storedType(ModelConfig config) {
        return switch (config.dtype()) {
            case "bfloat16" -> ScalarType.BFloat16;
            case "float16" -> ScalarType.Half;
            case "float32" -> ScalarType.Float;
            case "float64" -> ScalarType.Double;
            default ->
                throw new ConfigException("dtype '" + config.dtype() + "' of the model's config.json is not supported");
        };
    }

    /// Writes the model `base`, with an adapter merged into it where one is given.
    ///
    /// @param base folder or `.gguf` file that `source` reads
    /// @param dtype of all weights written
    /// @throws CheckpointException when the adapter is for another model
    public static void write(
            Path folder, Path base, TensorSource source, @Nullable PeftAdapter adapter, ScalarType dtype) {
        write(folder, base, source, adapter, dtype, SafetensorsWriter.SHARD_BYTES);
    }

    static void write(
            Path folder,
            Path base,
            TensorSource source,
            @Nullable PeftAdapter adapter,
            ScalarType dtype,
            long shardBytes) {
        Map<String, String> adapted = adapter == null ? Map.of() : match(source, adapter);
        List<Entry> entries = new ArrayList<>();
        for (String name : source.names()) {
            boolean derived = name.endsWith(".rotary_emb.inv_freq")
                    || (name.equals("lm_head.weight") && source.config().tied());
            if (!derived) {
                entries.add(new Entry(name, dtype, source.shape(name)));
            }
        }
        SafetensorsWriter.write(
                folder,
                "model",
                entries,
                name -> {
                    String module = adapted.get(name);
                    if (adapter == null || module == null) {
                        return source.read(name, dtype);
                    }
                    try (Tensor weight = source.read(name, ScalarType.Double)) {
                        return adapter.merged(module, weight, dtype);
                    }
                },
                shardBytes);
        ModelFiles.write(base, folder, name(dtype));
    }

    /// Modules of the adapter by the names of the weights they change.
    private static Map<String, String> match(TensorSource source, PeftAdapter adapter) {
        Map<String, String> adapted = new LinkedHashMap<>();
        Set<String> unknown = new LinkedHashSet<>();
        for (String module : adapter.modules()) {
            String weight = module + ".weight";
            boolean tied = source.config().tied()
                    && (weight.equals("lm_head.weight") || weight.equals("model.embed_tokens.weight"));
            if (tied) {
                throw new ConfigException(
                        "%s: adapts '%s', which this model shares between input and output; merged, it would change both"
                                .formatted(adapter.folder(), module));
            }
            if (!source.names().contains(weight)) {
                unknown.add(module);
            } else if (!Arrays.equals(source.shape(weight), adapter.weightShape(module))) {
                throw new CheckpointException(
                        "%s: module '%s' is for a weight %s, but that of %s is %s; is it for another base model?"
                                .formatted(
                                        adapter.folder(),
                                        module,
                                        Arrays.toString(adapter.weightShape(module)),
                                        source.where(),
                                        Arrays.toString(source.shape(weight))));
            } else {
                adapted.put(weight, module);
            }
        }
        if (!unknown.isEmpty()) {
            throw new CheckpointException("%s: is for modules that %s does not have: %s; is it for another base model?"
                    .formatted(adapter.folder(), source.where(), String.join(", ", unknown)));
        }
        return adapted;
    }

    /// Writes a model as it is in memory, in its precision, adapters merged.
    ///
    /// @param base folder or `.gguf` file that the model was loaded from
    public static void write(Path folder, Path base, Decoder model) {
        ScalarType dtype = model.precision().scalarType();
        Map<String, Function<ScalarType, Tensor>> values = new LinkedHashMap<>();
        List<Entry> entries = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            if (!parameter.name().startsWith(Lora.PREFIX)) {
                values.put(parameter.name(), to -> copy(parameter.value(), to));
                entries.add(new Entry(
                        parameter.name(), dtype, parameter.value().sizes().vec().get()));
            }
        }
        for (Linear linear : model.adapters().adapted()) {
            values.put(linear.weight().name(), to -> {
                try (TensorScope scope = TensorScope.open()) {
                    return scope.keep(copy(Adapters.merged(linear), to));
                }
            });
        }
        Function<String, Tensor> read = name -> {
            Function<ScalarType, Tensor> value = values.get(name);
            if (value == null) {
                throw new IllegalStateException("only announced tensors are asked for");
            }
            return value.apply(dtype);
        };
        SafetensorsWriter.write(folder, "model", entries, read, SafetensorsWriter.SHARD_BYTES);
        ModelFiles.write(base, folder, name(dtype));
    }

    /// The writer closes what it is given; the parameter stays.
    private static Tensor copy(Tensor value, ScalarType dtype) {
        return Tensors.dtype(value) == dtype.intern() ? value.alias() : value.to(dtype);
    }

    private static String name(ScalarType dtype) {
        return switch (dtype.intern()) {
            case BFloat16 -> "bfloat16";
            case Half -> "float16";
            case Float -> "float32";
            case Double -> "float64";
            default -> throw new IllegalArgumentException(dtype + " is no format of weights");
        };
    }
}
