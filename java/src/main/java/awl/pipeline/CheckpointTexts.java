package awl.pipeline;

import awl.ConfigException;
import awl.model.gguf.GgufModel;
import awl.model.gguf.GgufTokenizer;
import awl.token.CheckpointText;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Opens the text side of a model: a Hugging Face folder, or a GGUF file.
public final class CheckpointTexts {

    private CheckpointTexts() {}

    /// Nothing is read yet: whoever needs a part asks for it.
    public static CheckpointText open(Path model) {
        if (Files.isDirectory(model)) {
            return CheckpointText.folder(model);
        }
        if (!Files.exists(model)) {
            throw new ConfigException("--model " + model + ": there is no such file or folder");
        }
        Supplier<GgufTokenizer> gguf = once(() -> {
            try (GgufModel file = GgufModel.open(model)) {
                return file.tokenizer();
            }
        });
        return CheckpointText.of(model.toString(), () -> gguf.get().tokenizerJson(), () -> parts(gguf.get()));
    }

    private static CheckpointText.Parts parts(GgufTokenizer gguf) {
        Map<String, String> special = new LinkedHashMap<>();
        gguf.tokenizerConfig().forEach((key, value) -> {
            if (key.endsWith("_token") && value instanceof String token) {
                special.put(key, token);
            }
        });
        String template = gguf.chatTemplate();
        return new CheckpointText.Parts(special, template == null ? Map.of() : Map.of("default", template));
    }

    private static <T> Supplier<T> once(Supplier<T> source) {
        return new Supplier<>() {
            private @Nullable T value;

            @Override
            public synchronized T get() {
                T known = value;
                if (known == null) {
                    known = source.get();
                    value = known;
                }
                return known;
            }
        };
    }
}
