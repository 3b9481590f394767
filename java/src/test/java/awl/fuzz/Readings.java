package awl.fuzz;

import awl.AwlException;
import awl.chat.ConversationReader;
import awl.data.JsonLines;
import awl.model.HuggingFaceConfig;
import awl.model.gguf.GgufModel;
import awl.remote.AnswerBytes;
import awl.serve.RequestBodies;
import awl.serve.http.HttpBytes;
import awl.tensor.Safetensors;
import awl.token.ChatTemplate;
import awl.token.HuggingFaceTokenizer;
import awl.train.ConfigFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// Everything that reads a stranger's file, or what a stranger sends, as the fuzz tests and their seeds use
/// it. It ends in one of our errors or in none at all; whatever else is thrown (index out of bounds, stack
/// overflow, out of memory) comes out.
final class Readings {

    private static final List<Map<String, Object>> MESSAGES =
            List.of(Map.of("role", "user", "content", "6 * 7?"), Map.of("role", "assistant", "content", "42"));

    private final Path folder;
    private @Nullable RequestBodies bodies;

    /// @param folder for the files to read
    Readings(Path folder) {
        this.folder = folder;
    }

    /// A folder for a process that is ended from outside.
    static Readings inTemporaryFolder() {
        try {
            Path folder = Files.createTempDirectory("awl-fuzz");
            folder.toFile().deleteOnExit();
            return new Readings(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @FunctionalInterface
    private interface Reading {
        void run() throws IOException;
    }

    private static void read(Reading reading) {
        try {
            reading.run();
        } catch (AwlException _) {
            // Refused with a reason, as it should be.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Path file(byte[] bytes, String name) {
        try {
            return Files.write(folder.resolve(name), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void chatTemplate(String source) {
        read(() -> ChatTemplate.of(source, "fuzz").render(ChatTemplate.Request.of(MESSAGES, true)));
    }

    void configuration(byte[] bytes) {
        read(() -> HuggingFaceConfig.read(file(bytes, "config.json"), null));
        read(() -> ConfigFile.read(file(bytes, "run.yaml"), List.of()));
    }

    void gguf(byte[] bytes) {
        read(() -> {
            try (GgufModel model = GgufModel.open(file(bytes, "model.gguf"))) {
                for (String name : model.names()) {
                    try (Tensor tensor = model.read(name, ScalarType.Float)) {
                        tensor.numel();
                    }
                }
                if (model.hasTokenizer()) {
                    model.tokenizer().tokenizerJson();
                }
            }
        });
    }

    void httpRequests(byte[] bytes) {
        read(() -> HttpBytes.read(bytes));
    }

    void servedBody(byte[] bytes) {
        RequestBodies ready = bodies == null ? new RequestBodies(folder.resolve("chat")) : bodies;
        bodies = ready;
        read(() -> ready.read(bytes));
    }

    void remoteAnswer(byte[] bytes) {
        read(() -> AnswerBytes.read(bytes));
    }

    void jsonLines(byte[] bytes) {
        read(() -> {
            try (JsonLines lines = JsonLines.open(file(bytes, "rows.jsonl"))) {
                for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
                    JsonLines.Line at = line;
                    read(() -> ConversationReader.row(at.object()));
                }
            }
        });
    }

    void safetensors(byte[] bytes) {
        read(() -> {
            try (Safetensors file = Safetensors.open(file(bytes, "model.safetensors"))) {
                for (String name : file.names()) {
                    try (Tensor tensor = file.read(name, ScalarType.Float)) {
                        tensor.numel();
                    }
                }
            }
        });
    }

    void tokenizer(String json) {
        read(() -> {
            try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.of(json, "tokenizer.json")) {
                tokenizer.encode("6 * 7 = 42" + "a".repeat(200), true);
            }
        });
    }

    static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8);
    }
}
