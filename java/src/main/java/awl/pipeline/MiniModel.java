package awl.pipeline;

import awl.ConfigException;
import awl.Json;
import awl.model.Decoder;
import awl.model.HuggingFaceConfig;
import awl.model.ModelExport;
import awl.model.OutputFolder;
import awl.task.mini.MiniText;
import awl.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Makes the untrained mini model as a Hugging Face folder, so that every other command works on it.
final class MiniModel {

    private MiniModel() {}

    /// Writes the folder, or leaves it where it is there.
    ///
    /// @param text folder for the files that are not weights
    static void write(Path folder, Path text, long seed) {
        if (Files.isDirectory(folder)) {
            return; // an output folder is there whole or not at all
        }
        writeText(text);
        try (Decoder model = Decoder.untrained(HuggingFaceConfig.read(text), seed, Precision.FP32)) {
            OutputFolder.write(folder, true, to -> ModelExport.write(to, text, model));
        }
    }

    private static void writeText(Path folder) {
        try {
            Files.createDirectories(folder);
            json(folder.resolve("config.json"), MiniText.modelConfig());
            json(folder.resolve("tokenizer.json"), MiniText.tokenizer());
            json(folder.resolve("tokenizer_config.json"), MiniText.tokenizerConfig());
            Files.writeString(folder.resolve("chat_template.jinja"), MiniText.TEMPLATE);
        } catch (IOException e) {
            throw new ConfigException(folder + ": cannot be written: " + e, e);
        }
    }

    private static void json(Path file, Map<String, ? extends @Nullable Object> value) throws IOException {
        Files.writeString(file, Json.writeIndented(value) + "\n");
    }
}
