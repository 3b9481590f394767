package awl.model.gguf;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// llama.cpp's tensor names to those of Hugging Face, for the architectures llama and qwen2.
final class GgufNames {

    /// Factors on the rotary frequencies: configuration in the shape of a tensor, see [GgufRope].
    static final String ROPE_FACTORS = "rope_freqs.weight";

    static final String EMBEDDING = "token_embd.weight";
    static final String HEAD = "output.weight";

    private static final Map<String, String> WHOLE = Map.of(
            EMBEDDING, "model.embed_tokens.weight", "output_norm.weight", "model.norm.weight", HEAD, "lm_head.weight");

    private static final Map<String, String> LAYER = Map.of(
            "attn_norm", "input_layernorm",
            "attn_q", "self_attn.q_proj",
            "attn_k", "self_attn.k_proj",
            "attn_v", "self_attn.v_proj",
            "attn_output", "self_attn.o_proj",
            "ffn_norm", "post_attention_layernorm",
            "ffn_gate", "mlp.gate_proj",
            "ffn_up", "mlp.up_proj",
            "ffn_down", "mlp.down_proj");

    private static final Pattern BLOCK = Pattern.compile("blk\\.(0|[1-9][0-9]{0,8})\\.([a-z_]+)\\.(weight|bias)");

    private GgufNames() {}

    /// The name in Hugging Face's layout, or null where there is none.
    static @Nullable String huggingFace(String name) {
        String whole = WHOLE.get(name);
        if (whole != null) {
            return whole;
        }
        Matcher block = BLOCK.matcher(name);
        if (!block.matches()) {
            return null;
        }
        String part = LAYER.get(block.group(2));
        return part == null ? null : "model.layers." + block.group(1) + "." + part + "." + block.group(3);
    }

    /// Whether the rows of a tensor are those of the query or key projection.
    static boolean isQuery(String name) {
        return name.contains(".attn_q.");
    }

    static boolean isKey(String name) {
        return name.contains(".attn_k.");
    }
}
