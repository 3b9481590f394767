package awl.train;

import awl.CheckpointException;
import awl.Json;
import awl.model.Decoder;
import awl.model.LoraConfig;
import awl.model.OutputFolder;
import awl.model.PeftWriter;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.SafetensorsWriter;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;

/// What a finished run leaves behind: `model/`, a Hugging Face folder, after full fine-tuning; `adapter/`, a
/// PEFT folder, after LoRA.
final class FinalModel {

    private static final long CONFIG_LIMIT = 16 << 20;

    private FinalModel() {}

    /// @param run the run folder
    /// @return the folder written
    static Path write(Path run, TrainConfig config, Decoder model) {
        TrainConfig.Lora lora = config.lora();
        Path base = Path.of(config.model().path());
        if (lora != null) {
            Path adapter = run.resolve("adapter");
            OutputFolder.write(adapter, true, folder -> PeftWriter.write(folder, lora(lora), model, base.toString()));
            return adapter;
        }
        Path full = run.resolve("model");
        OutputFolder.write(full, true, folder -> whole(folder, base, model));
        return full;
    }

    static LoraConfig lora(TrainConfig.Lora lora) {
        return new LoraConfig(lora.rank(), lora.alpha(), lora.targets(), lora.dropout(), lora.rslora());
    }

    /// Weights as trained; everything else (tokenizer, template, generation settings) as in the base model.
    private static void whole(Path folder, Path base, Decoder model) {
        Map<String, Tensor> values = new HashMap<>();
        List<SafetensorsWriter.Entry> entries = model.parameters().stream()
                .map(parameter -> entry(parameter, values))
                .toList();
        SafetensorsWriter.write(
                folder,
                "model",
                entries,
                name -> java.util.Objects.requireNonNull(values.get(name)).alias(),
                SafetensorsWriter.SHARD_BYTES);
        try (Stream<Path> files = Files.list(base)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                String name = file.getFileName().toString();
                boolean weights = name.contains(".safetensors") || name.endsWith(".bin") || name.endsWith(".gguf");
                if (!weights && !name.equals("config.json")) {
                    Files.copy(file, folder.resolve(name));
                }
            }
            Files.writeString(folder.resolve("config.json"), Json.write(config(base, model.precision())) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + folder, e);
        }
    }

    private static SafetensorsWriter.Entry entry(Parameter parameter, Map<String, Tensor> values) {
        Tensor value = parameter.value();
        values.put(parameter.name(), value);
        return new SafetensorsWriter.Entry(
                parameter.name(), value.scalar_type(), value.sizes().vec().get());
    }

    /// The base model's configuration with the dtype that is written, in whichever dialect it was.
    private static ObjectNode config(Path base, Precision precision) {
        if (!(Json.tree(base.resolve("config.json"), CONFIG_LIMIT) instanceof ObjectNode config)) {
            throw new CheckpointException(base.resolve("config.json") + ": expected an object");
        }
        String dtype = precision == Precision.BF16 ? "bfloat16" : "float32";
        if (config.has("torch_dtype")) {
            config.put("torch_dtype", dtype);
        }
        if (config.has("dtype") || !config.has("torch_dtype")) {
            config.put("dtype", dtype);
        }
        return config;
    }
}
