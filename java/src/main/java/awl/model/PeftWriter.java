package awl.model;

import awl.Json;
import awl.tensor.SafetensorsWriter;
import awl.tensor.Tensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Writes a model's adapters as a PEFT folder, which PEFT, transformers and vLLM load.
public final class PeftWriter {

    private PeftWriter() {}

    /// Writes into a folder that exists and that nobody reads yet; [OutputFolder] makes such folders appear at once.
    ///
    /// @param config rank, alpha, dropout as trained; modules that differ are named in the file one by one
    /// @param model one that has adapters
    /// @param baseModel name or path of the model they belong to, or null
    public static void write(Path folder, LoraConfig config, Decoder model, @Nullable String baseModel) {
        List<Linear> adapted = model.adapters().adapted();
        List<SafetensorsWriter.Entry> entries = new ArrayList<>();
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Map<String, Object> ranks = new LinkedHashMap<>();
        Map<String, Object> alphas = new LinkedHashMap<>();
        for (Linear linear : adapted) {
            Lora lora = linear.adapter();
            if (lora == null) {
                throw new IllegalStateException(linear.module() + " is said to have an adapter");
            }
            for (awl.tensor.Parameter each : lora.parameters()) {
                Tensor value = each.value();
                entries.add(new SafetensorsWriter.Entry(
                        each.name(), ScalarType.Float, value.sizes().vec().get()));
                tensors.put(each.name(), value);
            }
            long rank = lora.a().value().size(0);
            double alpha = config.rsLora() ? lora.scaling() * Math.sqrt(rank) : lora.scaling() * rank;
            if (rank != config.rank()) {
                ranks.put(linear.module(), rank);
            }
            if (Math.abs(alpha - config.alpha()) > 1e-9 * Math.abs(config.alpha())) {
                alphas.put(linear.module(), number(alpha));
            }
        }
        Function<String, Tensor> read = name -> copy(tensors.get(name));
        SafetensorsWriter.write(folder, "adapter_model", entries, read, Long.MAX_VALUE);
        OutputFolder.writeText(
                folder.resolve(PeftAdapter.CONFIG),
                Json.write(json(config, targets(model), ranks, alphas, baseModel)) + "\n");
    }

    /// Short names where all layers of that name are adapted, full ones otherwise.
    private static Set<String> targets(Decoder model) {
        Set<String> partly = new TreeSet<>();
        for (Linear linear : model.linears()) {
            if (linear.adapter() == null) {
                partly.add(linear.shortName());
            }
        }
        Set<String> targets = new TreeSet<>();
        for (Linear linear : model.adapters().adapted()) {
            targets.add(partly.contains(linear.shortName()) ? linear.module() : linear.shortName());
        }
        return targets;
    }

    /// The writer closes what it is given; the parameter stays.
    private static Tensor copy(@Nullable Tensor value) {
        if (value == null) {
            throw new IllegalStateException("only announced tensors are asked for");
        }
        return Tensors.dtype(value) == ScalarType.Float ? value.alias() : value.to(ScalarType.Float);
    }

    private static Map<String, @Nullable Object> json(
            LoraConfig config,
            Set<String> modules,
            Map<String, Object> ranks,
            Map<String, Object> alphas,
            @Nullable String baseModel) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("alpha_pattern", alphas);
        json.put("auto_mapping", null);
        json.put("base_model_name_or_path", baseModel);
        json.put("bias", "none");
        json.put("fan_in_fan_out", false);
        json.put("inference_mode", true);
        json.put("init_lora_weights", true);
        json.put("layers_pattern", null);
        json.put("layers_to_transform", null);
        json.put("lora_alpha", number(config.alpha()));
        json.put("lora_dropout", config.dropout());
        json.put("modules_to_save", null);
        json.put("peft_type", "LORA");
        json.put("r", config.rank());
        json.put("rank_pattern", ranks);
        json.put("revision", null);
        json.put("target_modules", List.copyOf(modules));
        json.put("task_type", "CAUSAL_LM");
        json.put("use_dora", false);
        json.put("use_rslora", config.rsLora());
        return json;
    }

    private static Object number(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1 << 30 ? (Object) (int) value : (Object) value;
    }
}
