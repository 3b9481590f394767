package awl.pipeline;

import awl.Json;
import awl.Shared;
import awl.model.Decoder;
import awl.model.HuggingFaceConfig;
import awl.model.ModelExport;
import awl.tensor.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/// A chat model with random weights over a real byte-level tokenizer: it can read any question and answers noise.
public final class TinyChat {

    static final String END = "<|im_end|>";
    static final int END_ID = 2002;

    private static final String TEMPLATE = """
            {% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}\
            {% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}""";

    private TinyChat() {}

    /// Writes the folder.
    public static Path write(Path folder) throws IOException {
        Files.createDirectories(folder);
        Path from = Shared.resource("golden/tokenizer/smollm_like");
        Files.copy(from.resolve("tokenizer.json"), folder.resolve("tokenizer.json"));
        Files.writeString(folder.resolve("tokenizer_config.json"), Json.write(Map.of("eos_token", END)));
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
        Map<String, Object> config = new LinkedHashMap<>();
        config.put("architectures", java.util.List.of("LlamaForCausalLM"));
        config.put("model_type", "llama");
        config.put("vocab_size", 2064);
        config.put("hidden_size", 32);
        config.put("intermediate_size", 64);
        config.put("num_hidden_layers", 2);
        config.put("num_attention_heads", 2);
        config.put("num_key_value_heads", 2);
        config.put("head_dim", 16);
        config.put("hidden_act", "silu");
        config.put("max_position_embeddings", 2048);
        config.put("rms_norm_eps", 1e-5);
        config.put("rope_theta", 10000.0);
        config.put("tie_word_embeddings", true);
        config.put("attention_bias", false);
        config.put("mlp_bias", false);
        config.put("eos_token_id", END_ID);
        config.put("dtype", "float32");
        config.put("torch_dtype", "float32");
        Files.writeString(folder.resolve("config.json"), Json.write(config));
        try (Decoder model = Decoder.untrained(HuggingFaceConfig.read(folder), 1, Precision.FP32)) {
            Path weights = folder.resolveSibling(folder.getFileName() + "-weights");
            Files.createDirectories(weights);
            ModelExport.write(weights, folder, model);
            Files.move(weights.resolve("model.safetensors"), folder.resolve("model.safetensors"));
        }
        return folder;
    }
}
