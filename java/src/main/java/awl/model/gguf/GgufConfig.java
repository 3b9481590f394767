package awl.model.gguf;

import awl.CheckpointException;
import awl.ConfigException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What Hugging Face's `config.json` would say of the model in a GGUF file.
///
/// The map is what `awl convert` writes, and what the engine itself reads its configuration from: both see one model.
///
/// @param config `config.json` without `dtype`
/// @param generation `generation_config.json`
/// @param interleaved whether the rows of q and k are stored with the rotary halves of each head interleaved
/// @param headSize E
record GgufConfig(
        Map<String, @Nullable Object> config,
        Map<String, @Nullable Object> generation,
        boolean interleaved,
        int headSize) {

    private static final List<String> ARCHITECTURES = List.of("llama", "qwen2");

    static GgufConfig of(GgufFile file) {
        return new Reader(file).read();
    }

    /// Head width where a tensor's rows are to be put back in order, 0 where they stand as they are.
    int interleavedHead(GgufTensor tensor) {
        boolean rotary = GgufNames.isQuery(tensor.name()) || GgufNames.isKey(tensor.name());
        return interleaved && rotary ? headSize : 0;
    }

    private static final class Reader {
        private final GgufFile file;
        private final GgufMetadata metadata;
        private final String architecture;

        Reader(GgufFile file) {
            this.file = file;
            this.metadata = file.metadata();
            this.architecture = metadata.requireString("general.architecture");
            if (!ARCHITECTURES.contains(architecture)) {
                throw new ConfigException("%s: architecture '%s' is not supported in GGUF; supported are %s"
                        .formatted(file.path(), architecture, String.join(", ", ARCHITECTURES)));
            }
            refuseParts();
        }

        private void refuseParts() {
            if (metadata.size("split.count", 1) > 1) {
                throw new CheckpointException(file.path()
                        + ": one part of a split model; join the parts (llama-gguf-split --merge) and point at "
                        + "the result");
            }
            Long experts = metadata.integer(architecture + ".expert_count");
            if (experts != null && experts > 0) {
                throw new ConfigException(
                        "%s: a mixture of %d experts; only dense models are supported".formatted(file.path(), experts));
            }
        }

        GgufConfig read() {
            boolean llama = architecture.equals("llama");
            int hidden = metadata.requireSize(architecture + ".embedding_length");
            int heads = perLayer("attention.head_count", null);
            int kvHeads = perLayer("attention.head_count_kv", heads);
            int layers = metadata.requireSize(architecture + ".block_count");
            int headSize = headSize(hidden, heads);
            if (layers > file.tensors().size()) {
                throw new CheckpointException("%s: %s.block_count says %d layers, but there are %d tensors in all"
                        .formatted(
                                file.path(),
                                architecture,
                                layers,
                                file.tensors().size()));
            }
            if (heads % kvHeads != 0 || headSize == 0 || headSize % 2 != 0) {
                throw new ConfigException("%s: %d query heads of %d over %d key heads do not divide"
                        .formatted(file.path(), heads, headSize, kvHeads));
            }
            int context = metadata.size(architecture + ".context_length", 2048);
            Map<String, @Nullable Object> config = new LinkedHashMap<>();
            // llama.cpp knows Mistral as a llama; a window is what tells it apart.
            Long window = llama ? metadata.integer(architecture + ".attention.sliding_window") : null;
            boolean mistral = window != null && window > 0;
            config.put(
                    "architectures",
                    List.of(mistral ? "MistralForCausalLM" : llama ? "LlamaForCausalLM" : "Qwen2ForCausalLM"));
            config.put("model_type", mistral ? "mistral" : architecture);
            if (mistral) {
                config.put("sliding_window", metadata.requireSize(architecture + ".attention.sliding_window"));
            } else if (llama) {
                config.put("attention_bias", attentionBias());
                config.put("mlp_bias", file.tensors().containsKey("blk.0.ffn_gate.bias"));
            }
            if (llama || headSize != hidden / heads) {
                config.put("head_dim", headSize);
            }
            config.put("attention_dropout", 0.0);
            Map<String, @Nullable Object> ids = ids();
            config.putAll(ids);
            config.put("hidden_act", "silu");
            config.put("hidden_size", hidden);
            config.put("initializer_range", 0.02);
            config.put("intermediate_size", perLayer("feed_forward_length", null));
            config.put("max_position_embeddings", context);
            config.put("num_attention_heads", heads);
            config.put("num_hidden_layers", layers);
            config.put("num_key_value_heads", kvHeads);
            config.put("rms_norm_eps", metadata.requireNumber(architecture + ".attention.layer_norm_rms_epsilon"));
            config.put("rope_parameters", new GgufRope(file, architecture, headSize).parameters(context));
            config.put("tie_word_embeddings", !file.tensors().containsKey(GgufNames.HEAD));
            config.put("use_cache", true);
            if (!llama) {
                config.put("use_sliding_window", false);
            }
            config.put("vocab_size", vocabulary(hidden));
            return new GgufConfig(config, ids, llama, headSize);
        }

        /// The embedding's rows: metadata may count without the padding that the matrix has.
        private int vocabulary(int hidden) {
            GgufTensor embedding = file.tensors().get(GgufNames.EMBEDDING);
            if (embedding == null || embedding.shape().length != 2 || embedding.columns() != hidden) {
                throw new CheckpointException("%s: expected the tensor %s of %d columns, found %s"
                        .formatted(
                                file.path(),
                                GgufNames.EMBEDDING,
                                hidden,
                                embedding == null ? "none" : java.util.Arrays.toString(embedding.shape())));
            }
            return Math.toIntExact(Math.min(embedding.rows(), Integer.MAX_VALUE));
        }

        /// A number that some architectures give for each layer; here all must be alike.
        private int perLayer(String name, @Nullable Integer fallback) {
            String key = architecture + "." + name;
            if (metadata.get(key) instanceof GgufArray array) {
                long[] each = array.integers();
                for (long value : each) {
                    if (value != each[0] || value <= 0 || value > Integer.MAX_VALUE) {
                        throw new ConfigException(
                                "%s: %s differs between layers, which is not supported".formatted(file.path(), key));
                    }
                }
                if (each.length > 0) {
                    return (int) each[0];
                }
            }
            return fallback == null ? metadata.requireSize(key) : metadata.size(key, fallback);
        }

        private int headSize(int hidden, int heads) {
            int width = metadata.size(architecture + ".attention.key_length", hidden / heads);
            int values = metadata.size(architecture + ".attention.value_length", width);
            int rotary = metadata.size(architecture + ".rope.dimension_count", width);
            if (values != width || rotary != width) {
                throw new ConfigException(
                        "%s: heads have %d key and %d value dimensions of which %d rotate; supported is one size for all"
                                .formatted(file.path(), width, values, rotary));
            }
            return width;
        }

        /// Hugging Face's llama has biases on all four projections or on none.
        private boolean attentionBias() {
            boolean query = file.tensors().containsKey("blk.0.attn_q.bias");
            if (query != file.tensors().containsKey("blk.0.attn_output.bias")) {
                throw new ConfigException(file.path()
                        + ": biases on some of the attention's projections only; a llama has them on all or on none");
            }
            return query;
        }

        private Map<String, @Nullable Object> ids() {
            Map<String, @Nullable Object> ids = new LinkedHashMap<>();
            put(ids, "bos_token_id", id("bos"));
            Set<Long> ends = new LinkedHashSet<>();
            for (String kind : List.of("eos", "eot", "eom")) {
                Long end = id(kind);
                if (end != null) {
                    ends.add(end);
                }
            }
            put(
                    ids,
                    "eos_token_id",
                    ends.size() == 1 ? ends.iterator().next() : ends.isEmpty() ? null : new ArrayList<>(ends));
            put(ids, "pad_token_id", id("padding"));
            return ids;
        }

        private @Nullable Long id(String kind) {
            Long id = metadata.integer("tokenizer.ggml." + kind + "_token_id");
            // Some converters write an unsigned -1 where there is no such token.
            return id != null && id >= 0 && id <= Integer.MAX_VALUE ? id : null;
        }

        private static void put(Map<String, @Nullable Object> into, String key, @Nullable Object value) {
            if (value != null) {
                into.put(key, value);
            }
        }
    }
}
