package awl.model;

import awl.CheckpointException;
import awl.Json;
import awl.model.gguf.GgufModel;
import awl.model.gguf.GgufTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The files of a model folder that are not weights: configuration, tokenizer, chat template.
final class ModelFiles {

    /// What is copied as it is, where it is there.
    private static final List<String> COPIED = List.of(
            "generation_config.json",
            "tokenizer.json",
            "tokenizer_config.json",
            "tokenizer.model",
            "special_tokens_map.json",
            "added_tokens.json",
            "vocab.json",
            "merges.txt",
            "chat_template.jinja",
            "chat_template.json",
            "tekken.json",
            "LICENSE",
            "LICENSE.txt",
            "LICENSE.md",
            "NOTICE",
            "NOTICE.txt",
            "USE_POLICY.md");

    private ModelFiles() {}

    /// Puts the files of a model beside exported weights.
    ///
    /// @param base a Hugging Face folder, or a `.gguf` file of whose metadata they are made
    /// @param dtype torch's name of the number format of the weights there
    static void write(Path base, Path folder, String dtype) {
        if (Files.isDirectory(base)) {
            copy(base, folder, dtype);
            return;
        }
        try (GgufModel model = GgufModel.open(base)) {
            generate(model, folder, dtype);
        }
    }

    private static void copy(Path base, Path folder, String dtype) {
        Path config = base.resolve("config.json");
        OutputFolder.writeBytes(folder.resolve("config.json"), ConfigDtype.set(read(config), dtype, config.toString()));
        for (String name : COPIED) {
            if (Files.isRegularFile(base.resolve(name))) {
                OutputFolder.writeBytes(folder.resolve(name), read(base.resolve(name)));
            }
        }
    }

    private static byte[] read(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static void generate(GgufModel model, Path folder, String dtype) {
        writeJson(folder.resolve("config.json"), bothDialects(model.configJson(), dtype));
        writeJson(folder.resolve("generation_config.json"), model.generationConfigJson());
        if (!model.hasTokenizer()) {
            return;
        }
        GgufTokenizer tokenizer = model.tokenizer();
        OutputFolder.writeText(folder.resolve("tokenizer.json"), tokenizer.tokenizerJson());
        writeJson(folder.resolve("tokenizer_config.json"), tokenizer.tokenizerConfig());
        if (tokenizer.chatTemplate() != null) {
            OutputFolder.writeText(folder.resolve("chat_template.jinja"), tokenizer.chatTemplate());
        }
    }

    /// What readers of either dialect of `config.json` look for: transformers 5 has `dtype` and `rope_parameters`,
    /// older
    /// ones and other engines `torch_dtype`, `rope_theta` and `rope_scaling`.
    private static Map<String, @Nullable Object> bothDialects(Map<String, @Nullable Object> newer, String dtype) {
        Map<String, @Nullable Object> config = new LinkedHashMap<>(newer);
        Map<String, @Nullable Object> rope = Json.copy(Json.asObject(newer.get("rope_parameters"), "rope_parameters"));
        config.put("rope_theta", rope.remove("rope_theta"));
        if (!"default".equals(rope.get("rope_type"))) {
            config.put("rope_scaling", rope);
        }
        config.put("dtype", dtype);
        config.put("torch_dtype", dtype);
        return config;
    }

    private static void writeJson(Path file, Map<String, @Nullable Object> value) {
        OutputFolder.writeText(file, Json.writeIndented(value) + "\n");
    }
}
