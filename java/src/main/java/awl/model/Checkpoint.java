package awl.model;

import awl.CheckpointException;
import awl.ConfigException;
import awl.model.gguf.GgufModel;
import java.nio.file.Files;
import java.nio.file.Path;

/// Opens the weights of a model, wherever they come from.
public final class Checkpoint {

    private Checkpoint() {}

    /// @param path a Hugging Face folder or a `.gguf` file
    /// @throws CheckpointException when there is no readable model
    /// @throws ConfigException when its configuration is not one we support
    public static TensorSource open(Path path) {
        if (Files.isDirectory(path)) {
            if (!Files.isRegularFile(path.resolve("config.json"))) {
                throw new CheckpointException(
                        path + ": no config.json; expected a Hugging Face model folder or a .gguf file");
            }
            return HuggingFaceFolder.open(path, HuggingFaceConfig.read(path));
        }
        if (!Files.exists(path)) {
            throw new CheckpointException(path + ": no such file or folder");
        }
        if (path.toString().endsWith(".gguf")) {
            return GgufModel.open(path);
        }
        throw new CheckpointException(path + ": expected a Hugging Face model folder or a .gguf file");
    }
}
