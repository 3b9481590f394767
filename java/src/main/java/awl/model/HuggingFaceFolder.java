package awl.model;

import awl.CheckpointException;
import awl.Json;
import awl.tensor.Safetensors;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A Hugging Face model folder: `config.json` and `model.safetensors`, or shards with an index.
final class HuggingFaceFolder implements TensorSource {

    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";

    private final Path folder;
    private final ModelConfig config;
    private final Map<String, Safetensors> fileOf = new LinkedHashMap<>();
    private final Map<String, Safetensors> files = new LinkedHashMap<>();

    private HuggingFaceFolder(Path folder, ModelConfig config) {
        this.folder = folder;
        this.config = config;
    }

    static HuggingFaceFolder open(Path folder, ModelConfig config) {
        HuggingFaceFolder opened = new HuggingFaceFolder(folder, config);
        try {
            if (Files.isRegularFile(folder.resolve(INDEX))) {
                opened.openShards();
            } else if (Files.isRegularFile(folder.resolve(SINGLE))) {
                Safetensors file = opened.shard(SINGLE);
                file.names().forEach(name -> opened.fileOf.put(name, file));
            } else {
                throw opened.noWeights();
            }
            return opened;
        } catch (RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    private CheckpointException noWeights() {
        boolean pickled = Files.isRegularFile(folder.resolve("pytorch_model.bin"))
                || Files.isRegularFile(folder.resolve("pytorch_model.bin.index.json"));
        return new CheckpointException(
                pickled
                        ? folder + ": has pytorch_model.bin only, a pickle that can run code; save it as safetensors "
                                + "(transformers: model.save_pretrained(dir, safe_serialization=True)) and point here again"
                        : folder + ": neither " + SINGLE + " nor " + INDEX + " is in this folder");
    }

    private void openShards() {
        Path index = folder.resolve(INDEX);
        JsonNode map = Json.tree(index, 256L << 20).path("weight_map");
        if (!map.isObject()) {
            throw new CheckpointException(index + ": 'weight_map' must be an object of tensor name -> file");
        }
        map.properties().forEach(entry -> {
            String file = entry.getValue().asText("");
            // The index comes from outside: it may only name plain files of its own folder.
            if (!file.endsWith(".safetensors") || file.contains("/") || file.contains("\\") || file.startsWith(".")) {
                throw new CheckpointException(
                        "%s: tensor '%s' is said to be in '%s'; expected the plain name of a .safetensors file in the same folder"
                                .formatted(index, entry.getKey(), file));
            }
            fileOf.put(entry.getKey(), shard(file));
        });
        Set<String> unlisted = new TreeSet<>();
        files.values().forEach(file -> unlisted.addAll(file.names()));
        unlisted.removeAll(fileOf.keySet());
        if (!unlisted.isEmpty()) {
            throw new CheckpointException(
                    "%s: the shards hold tensors that the index does not name: %s".formatted(index, unlisted));
        }
        fileOf.forEach((name, file) -> {
            if (!file.names().contains(name)) {
                throw new CheckpointException("%s: tensor '%s' is not in %s"
                        .formatted(index, name, file.path().getFileName()));
            }
        });
    }

    private Safetensors shard(String file) {
        return files.computeIfAbsent(file, name -> Safetensors.open(folder.resolve(name)));
    }

    private Safetensors fileOf(String name) {
        Safetensors file = fileOf.get(name);
        if (file == null) {
            throw new CheckpointException(folder + ": has no tensor '" + name + "'");
        }
        return file;
    }

    @Override
    public void prefetch() {
        files.values().forEach(Safetensors::prefetch);
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public Set<String> names() {
        return fileOf.keySet();
    }

    @Override
    public long[] shape(String name) {
        return fileOf(name).info(name).shape().clone();
    }

    @Override
    public Tensor read(String name, ScalarType dtype) {
        return fileOf(name).read(name, dtype);
    }

    @Override
    public Tensor view(String name, ScalarType dtype) {
        Safetensors file = fileOf(name);
        return file.dtype(name) == dtype.intern() ? file.view(name) : file.read(name, dtype);
    }

    @Override
    public ScalarType dtype(String name) {
        return fileOf(name).dtype(name);
    }

    @Override
    public String where() {
        return folder.toString();
    }

    @Override
    public void close() {
        files.values().forEach(Safetensors::close);
    }
}
