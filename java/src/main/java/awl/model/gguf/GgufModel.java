package awl.model.gguf;

import awl.CheckpointException;
import awl.Json;
import awl.model.HuggingFaceConfig;
import awl.model.ModelConfig;
import awl.model.TensorSource;
import awl.tensor.BlockMatrix;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// A GGUF file as Hugging Face would have it: its names, its row order, its `config.json`, its tokenizer.
///
/// Reading in float32 gives the dequantised values bit by bit.
public final class GgufModel implements TensorSource {

    private final GgufFile file;
    private final GgufConfig mapped;
    private final ModelConfig config;
    private final Map<String, GgufTensor> byName = new LinkedHashMap<>();

    private GgufModel(GgufFile file) {
        this.file = file;
        this.mapped = GgufConfig.of(file);
        this.config = HuggingFaceConfig.read(
                file.path().toString(),
                Json.tree(Json.write(mapped.config()).getBytes(StandardCharsets.UTF_8), file.path() + " (metadata)"),
                null);
        List<String> unknown = new ArrayList<>();
        file.tensors().forEach((name, tensor) -> {
            String known = GgufNames.huggingFace(name);
            if (known != null) {
                byName.put(known, tensor);
            } else if (!name.equals(GgufNames.ROPE_FACTORS)) {
                unknown.add(name);
            }
        });
        if (!unknown.isEmpty()) {
            throw new CheckpointException("%s: holds %d tensors that no %s model has: %s"
                    .formatted(
                            file.path(),
                            unknown.size(),
                            config.modelType(),
                            String.join(", ", unknown.subList(0, Math.min(5, unknown.size())))));
        }
    }

    /// Head width where a tensor's rows are to be put back in order.
    private int interleavedHead(GgufTensor tensor) {
        int head = mapped.interleavedHead(tensor);
        long rows = tensor.shape().length == 1 ? tensor.columns() : tensor.rows();
        if (head > 0 && (tensor.shape().length == 0 || rows % head != 0)) {
            throw new CheckpointException("%s: tensor '%s' has %d rows, which are no whole heads of %d"
                    .formatted(file.path(), tensor.name(), rows, head));
        }
        if (head > 0 && tensor.shape().length == 1 && tensor.type().values > 1) {
            throw new CheckpointException(
                    "%s: the bias '%s' is stored as %s".formatted(file.path(), tensor.name(), tensor.type()));
        }
        return head;
    }

    /// Opens a `.gguf` file.
    ///
    /// @throws CheckpointException when it is damaged or holds tensors that its architecture does not have
    /// @throws awl.ConfigException when its architecture is not supported
    public static GgufModel open(Path path) {
        GgufFile file = GgufFile.open(path);
        try {
            return new GgufModel(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    /// The same as the text of a `config.json`, without `dtype`.
    public Map<String, @Nullable Object> configJson() {
        return mapped.config();
    }

    /// The text of a `generation_config.json`.
    public Map<String, @Nullable Object> generationConfigJson() {
        return mapped.generation();
    }

    /// Whether the file carries a tokenizer.
    public boolean hasTokenizer() {
        return file.metadata().has("tokenizer.ggml.tokens");
    }

    /// The tokenizer that the file carries.
    public GgufTokenizer tokenizer() {
        return GgufTokenizer.of(file.metadata());
    }

    @Override
    public Set<String> names() {
        return Collections.unmodifiableSet(byName.keySet());
    }

    private GgufTensor tensor(String name) {
        GgufTensor tensor = byName.get(name);
        if (tensor == null) {
            throw new CheckpointException(file.path() + ": has no tensor '" + name + "'");
        }
        return tensor;
    }

    @Override
    public long[] shape(String name) {
        return tensor(name).shape().clone();
    }

    @Override
    public Tensor read(String name, ScalarType dtype) {
        GgufTensor tensor = tensor(name);
        return new Dequantizer(tensor, file.bytes(tensor), interleavedHead(tensor)).read(dtype);
    }

    @Override
    public @Nullable BlockMatrix blocks(String name) {
        GgufTensor tensor = tensor(name);
        return GgufBlocks.suits(tensor) ? new GgufBlocks(tensor, file.bytes(tensor), interleavedHead(tensor)) : null;
    }

    @Override
    public void prefetch() {
        file.prefetch();
    }

    @Override
    public String where() {
        return file.path().toString();
    }

    @Override
    public void close() {
        file.close();
    }
}
