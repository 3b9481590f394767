package awl.pipeline;

import awl.ConfigException;
import awl.kernel.KernelSelection;
import awl.model.Checkpoint;
import awl.model.Decoder;
import awl.model.ModelConfig;
import awl.model.PeftAdapter;
import awl.sample.CachePlan;
import awl.sample.DecoderSlots;
import awl.tensor.Cuda;
import awl.tensor.DeviceChoice;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import awl.tensor.TensorScope;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A model on disk: a Hugging Face folder or GGUF file, and the adapter over it where there is one.
public record ModelRef(Path path, @Nullable Path adapter) {

    /// The model a run begins with.
    public static ModelRef of(PipelineConfig.Model model) {
        Path path = Path.of(model.path());
        if (!Files.exists(path)) {
            throw new ConfigException(
                    "model.path: %s is not there; expected a Hugging Face folder or a GGUF file".formatted(path));
        }
        return new ModelRef(path, model.adapter() == null ? null : Path.of(model.adapter()));
    }

    /// The model in memory. A GGUF file's weights are used in their blocks; property `awl.dequantize=true` decodes
    /// them, with the same results.
    Decoder load(String precision) {
        return load(precision, "auto");
    }

    /// @param on `auto`, `cpu`, `cuda` or `cuda:N`
    Decoder load(String precision, String on) {
        DeviceHandle device = DeviceChoice.here(on).device();
        Cuda.use(device);
        Decoder decoder = Decoder.map(
                Checkpoint.open(path),
                Precision.parse(precision),
                KernelSelection.forThisMachine(KernelSelection.Wanted.AUTO, device)
                        .open(),
                !Boolean.getBoolean("awl.dequantize"),
                device);
        if (adapter != null) {
            try (PeftAdapter lora = PeftAdapter.open(adapter);
                    TensorScope scope = TensorScope.open()) {
                decoder.attach(lora.weights(), 0, 0);
            } catch (RuntimeException e) {
                decoder.close();
                throw e;
            }
        }
        return decoder;
    }

    /// Room for episodes, as many as wanted if memory allows.
    static DecoderSlots slots(Decoder decoder, PipelineConfig.EpisodeLimits limits) {
        int context = Math.min(limits.context(), decoder.config().maxPositions());
        return new DecoderSlots(decoder, CachePlan.of(decoder, limits.batch(), context));
    }

    /// Tokens that end a turn.
    static List<Integer> stops(Decoder decoder) {
        return stops(decoder.config());
    }

    static List<Integer> stops(ModelConfig config) {
        List<Integer> stops = config.eosIds();
        if (stops.isEmpty()) {
            throw new ConfigException("the model names no token that ends a turn (eos_token_id in its config.json)");
        }
        return stops;
    }

    @Override
    public String toString() {
        return adapter == null ? path.toString() : path + " with " + adapter;
    }
}
