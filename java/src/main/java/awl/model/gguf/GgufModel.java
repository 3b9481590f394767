package awl.model.gguf;

import awl.CheckpointException;
import awl.model.ModelConfig;
import awl.model.TensorSource;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.LongUnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// A GGUF file as Hugging Face would have it: names, and the row order of the llama architecture's q and k projections,
/// whose rotary halves GGUF interleaves.
public final class GgufModel implements TensorSource {

    private static final Pattern BLOCK = Pattern.compile("blk\\.(\\d+)\\.([a-z_]+)\\.(weight|bias)");

    private static final Map<String, String> IN_BLOCK = Map.of(
            "attn_norm", "input_layernorm",
            "ffn_norm", "post_attention_layernorm",
            "attn_q", "self_attn.q_proj",
            "attn_k", "self_attn.k_proj",
            "attn_v", "self_attn.v_proj",
            "attn_output", "self_attn.o_proj",
            "ffn_gate", "mlp.gate_proj",
            "ffn_up", "mlp.up_proj",
            "ffn_down", "mlp.down_proj");

    private static final Map<String, String> OUTSIDE = Map.of(
            "token_embd.weight", "model.embed_tokens.weight",
            "output_norm.weight", "model.norm.weight",
            "output.weight", "lm_head.weight");

    private final GgufFile file;
    private final ModelConfig config;
    private final Map<String, GgufReader.Entry> byName = new LinkedHashMap<>();

    private GgufModel(GgufFile file) {
        this.file = file;
        for (GgufReader.Entry entry : file.tensors().values()) {
            // rope_freqs is read by the configuration.
            if (!entry.name().equals("rope_freqs.weight")) {
                byName.put(huggingFaceName(entry.name()), entry);
            }
        }
        this.config = GgufConfig.read(file);
    }

    /// @throws CheckpointException naming the file, and the tensor or metadata at fault
    public static GgufModel open(Path path) {
        GgufFile file = GgufFile.open(path);
        try {
            return new GgufModel(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private String huggingFaceName(String name) {
        String outside = OUTSIDE.get(name);
        if (outside != null) {
            return outside;
        }
        Matcher block = BLOCK.matcher(name);
        String inside = block.matches() ? IN_BLOCK.get(block.group(2)) : null;
        if (inside == null) {
            throw new CheckpointException(
                    "%s: tensor '%s' belongs to no part of a llama or qwen2 model; this file is of a kind we do not read"
                            .formatted(file.path(), name));
        }
        return "model.layers." + block.group(1) + "." + inside + "." + block.group(3);
    }

    /// The tokenizer and chat template in the file's metadata.
    public GgufTokenizer tokenizer() {
        return GgufTokenizer.read(file);
    }

    @Override
    public ModelConfig config() {
        return config;
    }

    @Override
    public Set<String> names() {
        return byName.keySet();
    }

    private GgufReader.Entry entry(String name) {
        GgufReader.Entry entry = byName.get(name);
        if (entry == null) {
            throw new CheckpointException(file.path() + ": has no tensor '" + name + "'");
        }
        return entry;
    }

    @Override
    public long[] shape(String name) {
        return entry(name).shape().clone();
    }

    @Override
    public Tensor read(String name, ScalarType dtype) {
        GgufReader.Entry entry = entry(name);
        boolean interleaved = config.modelType().equals("llama")
                && List.of("q_proj", "k_proj").stream().anyMatch(part -> name.contains("." + part + "."));
        return file.read(entry, dtype, interleaved ? deinterleave(entry) : LongUnaryOperator.identity());
    }

    /// Row 2*i + j of a head goes to row j*(E/2) + i.
    private LongUnaryOperator deinterleave(GgufReader.Entry entry) {
        if (entry.shape().length != 2) {
            throw new CheckpointException("%s: tensor '%s': biases on interleaved projections are not supported"
                    .formatted(file.path(), entry.name()));
        }
        long width = config.headDim();
        long half = width / 2;
        return row -> {
            long inHead = row % width;
            return row - inHead + (inHead % 2) * half + inHead / 2;
        };
    }

    @Override
    public String where() {
        return file.path().toString();
    }

    @Override
    public void close() {
        file.close();
    }
}
