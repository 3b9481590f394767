package awl.token;

import awl.CheckpointException;
import awl.ConfigException;
import awl.Json;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What a checkpoint says about text: its tokenizer, its special tokens, its chat templates. Each is read when it is
/// first asked for, so that a folder needs to hold only what a command uses. Thread-safe.
///
/// A folder is laid out as Hugging Face does it; whoever reads another container (GGUF) hands the same parts to [#of].
public final class CheckpointText implements AutoCloseable {

    private final String where;
    private final Supplier<String> tokenizerJson;
    private final Supplier<Parts> partsSource;
    private @Nullable Parts parts;
    private @Nullable HuggingFaceTokenizer tokenizer;

    private CheckpointText(String where, Supplier<String> tokenizerJson, Supplier<Parts> partsSource) {
        this.where = where;
        this.tokenizerJson = tokenizerJson;
        this.partsSource = partsSource;
    }

    /// What stands beside the tokenizer.
    ///
    /// @param specialTokens `bos_token`, `eos_token` and the like, by the names templates use
    /// @param templates chat templates by name; the usual one is `default`
    public record Parts(Map<String, String> specialTokens, Map<String, String> templates) {}

    /// @param where what errors call it
    /// @param tokenizerJson gives the content of a `tokenizer.json`
    public static CheckpointText of(String where, Supplier<String> tokenizerJson, Supplier<Parts> parts) {
        return new CheckpointText(where, tokenizerJson, parts);
    }

    /// A Hugging Face folder: `tokenizer.json`, `tokenizer_config.json`, `special_tokens_map.json`,
    /// `chat_template.jinja` and `additional_chat_templates/`.
    public static CheckpointText folder(Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new ConfigException(folder + ": expected the folder of a model");
        }
        return new CheckpointText(folder.toString(), () -> tokenizerJson(folder), () -> HuggingFaceText.parts(folder));
    }

    private static String tokenizerJson(Path folder) {
        Path file = folder.resolve("tokenizer.json");
        if (Files.exists(file)) {
            return read(file);
        }
        String other =
                Files.exists(folder.resolve("tokenizer.model")) ? " (its tokenizer.model is of another kind)" : "";
        throw new CheckpointException(folder + ": there is no tokenizer.json" + other
                + "; save the tokenizer with transformers: AutoTokenizer.from_pretrained(...).save_pretrained(...)");
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            throw new CheckpointException(file + ": is not UTF-8", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        }
    }

    public String where() {
        return where;
    }

    /// The tokenizer; closed together with this.
    public synchronized HuggingFaceTokenizer tokenizer() {
        if (tokenizer == null) {
            tokenizer = HuggingFaceTokenizer.of(tokenizerJson.get(), where);
        }
        return tokenizer;
    }

    /// Special tokens by the names templates use.
    public Map<String, String> specialTokens() {
        return parts().specialTokens;
    }

    /// The chat template; where there are several, the one for tools or the default one. Empty where there is none.
    public Optional<ChatTemplate> template(boolean forTools) {
        Map<String, String> templates = parts().templates;
        String name = forTools && templates.containsKey("tool_use") ? "tool_use" : "default";
        String source = templates.get(name);
        if (source == null && templates.size() == 1) {
            source = templates.values().iterator().next();
        }
        return source == null
                ? Optional.empty()
                : Optional.of(
                        ChatTemplate.of(source, where + "/chat_template" + (templates.size() > 1 ? ":" + name : "")));
    }

    /// Conversations to tokens by this checkpoint's tokenizer and template.
    public Renderer renderer(boolean forTools) {
        return Renderer.of(tokenizer(), template(forTools).orElse(null), specialTokens());
    }

    private synchronized Parts parts() {
        if (parts == null) {
            parts = partsSource.get();
        }
        return parts;
    }

    @Override
    public synchronized void close() {
        if (tokenizer != null) {
            tokenizer.close();
        }
    }

    /// Reads the small files of a Hugging Face folder.
    private static final class HuggingFaceText {

        private HuggingFaceText() {}

        static Parts parts(Path folder) {
            Map<String, @Nullable Object> config = object(folder.resolve("tokenizer_config.json"));
            Map<String, String> special = new LinkedHashMap<>();
            specialTokens(object(folder.resolve("special_tokens_map.json")), special);
            specialTokens(config, special);
            Map<String, String> templates = new LinkedHashMap<>();
            configured(config.get("chat_template"), folder.resolve("tokenizer_config.json"), templates);
            Path single = folder.resolve("chat_template.json");
            if (Files.exists(single)) {
                configured(object(single).get("chat_template"), single, templates);
            }
            Path further = folder.resolve("additional_chat_templates");
            if (Files.isDirectory(further)) {
                try (var files = Files.newDirectoryStream(further, "*.jinja")) {
                    for (Path file : files) {
                        String name = String.valueOf(file.getFileName());
                        templates.put(name.substring(0, name.length() - ".jinja".length()), read(file));
                    }
                } catch (IOException e) {
                    throw new CheckpointException(further + ": cannot be read: " + e, e);
                }
            }
            Path file = folder.resolve("chat_template.jinja");
            if (Files.exists(file)) {
                templates.put("default", read(file));
            }
            return new Parts(special, templates);
        }

        private static Map<String, @Nullable Object> object(Path file) {
            return Files.exists(file) ? Json.object(read(file), file.toString()) : Map.of();
        }

        /// A token is written as a string or as an object with its `content`.
        private static void specialTokens(Map<String, @Nullable Object> config, Map<String, String> special) {
            config.forEach((key, value) -> {
                Object content = value instanceof Map<?, ?> token ? token.get("content") : value;
                if (key.endsWith("_token") && content instanceof String text) {
                    special.put(key, text);
                }
            });
        }

        /// A template is a string, or there is a list of named ones.
        private static void configured(@Nullable Object value, Path file, Map<String, String> templates) {
            if (value instanceof String source) {
                templates.put("default", source);
            } else if (value instanceof List<?> list) {
                for (Object item : list) {
                    Map<String, @Nullable Object> named = Json.asObject(item, file + ": chat_template");
                    if (named.get("name") instanceof String name && named.get("template") instanceof String source) {
                        templates.put(name, source);
                    } else {
                        throw new CheckpointException(file + ": chat_template: expected {\"name\", \"template\"}");
                    }
                }
            } else if (value != null) {
                throw new CheckpointException(
                        file + ": chat_template: expected a string or a list, found " + Json.kind(value));
            }
        }
    }
}
