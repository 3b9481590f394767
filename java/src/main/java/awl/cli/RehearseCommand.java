package awl.cli;

import awl.Json;
import awl.NativeException;
import awl.model.Decoder;
import awl.model.HuggingFaceConfig;
import awl.model.ModelConfig;
import awl.tensor.LibTorch;
import awl.tensor.Parameter;
import awl.tensor.Precision;
import awl.tensor.SafetensorsWriter;
import awl.tensor.Tensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;

/// `awl rehearse`: runs the commonest commands on a model of a few kilobytes, so that the JVM sees the classes and
/// methods that they need. The launcher does this once after a build and keeps what was seen (JEP 514).
@Command(name = "rehearse", hidden = true, description = "Runs score and generate on a tiny random model.")
final class RehearseCommand implements Callable<Integer> {

    private static final String CONFIG = """
            {"model_type": "llama", "vocab_size": 96, "hidden_size": 64, "intermediate_size": 128,
             "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 2, "rms_norm_eps": 1e-5,
             "max_position_embeddings": 512, "tie_word_embeddings": true, "eos_token_id": 1, "torch_dtype": "float32"}
            """;

    private static final String TOKENIZER = """
            {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
             "pre_tokenizer": {"type": "Whitespace"}, "post_processor": null, "decoder": null,
             "model": {"type": "WordLevel", "vocab": {"unknown": 0, "end": 1, "a": 2, "b": 3},
                       "unk_token": "unknown"}}
            """;

    private static final String TOKENIZER_CONFIG = """
            {"eos_token": "end", "chat_template": "{% for m in messages %}{{ m.role }} {{ m.content }}\\n{% endfor %}"}
            """;

    @Override
    public Integer call() {
        LibTorch.await();
        try {
            Path folder = Files.createTempDirectory("awl-rehearsal");
            try {
                return run(folder);
            } finally {
                delete(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int run(Path folder) throws IOException {
        Path model = Files.createDirectory(folder.resolve("model"));
        Files.writeString(model.resolve("config.json"), CONFIG);
        Files.writeString(model.resolve("tokenizer.json"), TOKENIZER);
        Files.writeString(model.resolve("tokenizer_config.json"), TOKENIZER_CONFIG);
        weights(model, HuggingFaceConfig.read(model));
        List<Integer> ids = Stream.iterate(2, id -> 2 + id * 7 % 90).limit(64).toList();
        Path rows = folder.resolve("rows.jsonl");
        Files.writeString(
                rows,
                Json.write(Map.of("id", "ids", "ids", ids)) + "\n{\"id\": \"text\", \"text\": \"a b a\"}\n"
                        + "{\"messages\": [{\"role\": \"user\", \"content\": \"a b\"}]}\n");
        int failed = 0;
        for (String command : List.of("score", "generate", "generate --temperature 1")) {
            List<String> words = new ArrayList<>(List.of(command.split(" ")));
            words.addAll(List.of("--model", model.toString(), "--input", rows.toString()));
            words.addAll(List.of("--output", folder.resolve("output.jsonl").toString()));
            if (command.startsWith("generate")) {
                words.addAll(List.of("--max-new-tokens", "24"));
            }
            failed = Math.max(failed, Main.execute(words.toArray(new String[0])));
        }
        return failed;
    }

    private static void weights(Path folder, ModelConfig config) {
        try (Decoder random = Decoder.random(config, 1, Precision.FP32)) {
            Map<String, Parameter> named = new LinkedHashMap<>();
            random.parameters().forEach(each -> named.put(each.name(), each));
            List<SafetensorsWriter.Entry> entries = new ArrayList<>();
            named.forEach((name, each) -> entries.add(new SafetensorsWriter.Entry(
                    name, Tensors.dtype(each.value()), awl.tensor.Shapes.of(each.value()))));
            SafetensorsWriter.write(
                    folder,
                    "model",
                    entries,
                    name -> {
                        Parameter parameter = named.get(name);
                        if (parameter == null) {
                            throw new NativeException("no parameter " + name);
                        }
                        return parameter.value().alias();
                    },
                    SafetensorsWriter.SHARD_BYTES);
        }
    }

    private static void delete(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }
}
