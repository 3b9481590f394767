package awl.pipeline;

import awl.ConfigException;
import awl.chat.ToolMode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The system turns P_n, P_i and P_f, and the one for solutions to be told without tools: shipped ones, each
/// replaceable by a file.
record PromptTexts(String none, String optional, String forced, String restate) {

    static PromptTexts of(PipelineConfig.Prompts config) {
        return new PromptTexts(
                text("none", config.none()),
                text("optional", config.optional()),
                text("forced", config.forced()),
                text("restate", config.restate()));
    }

    String of(ToolMode mode) {
        return switch (mode) {
            case NONE -> none;
            case OPTIONAL -> optional;
            case FORCED -> forced;
        };
    }

    Map<String, String> json() {
        Map<String, String> json = new LinkedHashMap<>();
        json.put("none", none);
        json.put("optional", optional);
        json.put("forced", forced);
        json.put("restate", restate);
        return json;
    }

    private static String text(String name, @Nullable String file) {
        String text;
        try {
            if (file != null) {
                text = Files.readString(Path.of(file));
            } else {
                try (InputStream in = PromptTexts.class.getResourceAsStream("/awl/prompts/" + name + ".txt")) {
                    if (in == null) {
                        throw new IllegalStateException("resource awl/prompts/" + name + ".txt is missing");
                    }
                    text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
                }
            }
        } catch (IOException e) {
            if (file != null) {
                throw new ConfigException("prompts.%s: %s cannot be read: %s".formatted(name, file, e), e);
            }
            throw new UncheckedIOException(e);
        }
        if (text.isBlank()) {
            throw new ConfigException("prompts.%s: %s is empty".formatted(name, file));
        }
        return text.strip();
    }
}
