package awl.model.gguf;

import awl.CheckpointException;
import awl.Json;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The tokenizer of a GGUF file in Hugging Face's form.
///
/// @param tokenizerJson text of a `tokenizer.json`
/// @param tokenizerConfig what `tokenizer_config.json` would hold: special tokens, `chat_template`
/// @param chatTemplate Jinja source, or null
public record GgufTokenizer(
        String tokenizerJson,
        Map<String, Object> tokenizerConfig,
        @Nullable String chatTemplate) {

    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;

    static GgufTokenizer read(GgufFile file) {
        List<String> tokens = file.strings("tokenizer.ggml.tokens");
        if (tokens == null) {
            throw new CheckpointException(file.path() + ": holds no tokenizer (metadata 'tokenizer.ggml.tokens')");
        }
        String model = file.require("tokenizer.ggml.model", String.class);
        List<?> types = file.find("tokenizer.ggml.token_type", List.class);
        if (types != null && types.size() != tokens.size()) {
            throw new CheckpointException(
                    "%s: %d token types for %d tokens".formatted(file.path(), types.size(), tokens.size()));
        }
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put("truncation", null);
        json.put("padding", null);
        json.put("added_tokens", addedTokens(tokens, types));
        Long bos = file.find("tokenizer.ggml.bos_token_id", Long.class);
        Boolean flag = file.find("tokenizer.ggml.add_bos_token", Boolean.class);
        boolean wanted = flag == null ? model.equals("llama") : flag;
        switch (model) {
            case "gpt2" -> byteLevel(file, tokens, json);
            case "llama" -> SentencePiece.fill(file, tokens, types, json);
            default ->
                throw new CheckpointException("%s: tokenizer model '%s' is not supported; supported are gpt2 and llama"
                        .formatted(file.path(), model));
        }
        boolean addBos = wanted && bos != null && bos >= 0 && bos < tokens.size();
        if (wanted && bos != null && addBos) {
            json.put("post_processor", beginWith(tokens.get(bos.intValue()), bos));
        }
        String template = file.find("tokenizer.chat_template", String.class);
        return new GgufTokenizer(Json.write(json), config(file, tokens, addBos, template), template);
    }

    private static List<Object> addedTokens(List<String> tokens, @Nullable List<?> types) {
        List<Object> added = new ArrayList<>();
        for (int id = 0; types != null && id < tokens.size(); id++) {
            long type = types.get(id) instanceof Long value ? value : 1;
            if (type != CONTROL && type != USER_DEFINED) {
                continue;
            }
            Map<String, Object> token = new LinkedHashMap<>();
            token.put("id", id);
            token.put("content", tokens.get(id));
            token.put("single_word", false);
            token.put("lstrip", false);
            token.put("rstrip", false);
            token.put("normalized", false);
            token.put("special", type == CONTROL);
            added.add(token);
        }
        return added;
    }

    private static void byteLevel(GgufFile file, List<String> tokens, Map<String, Object> json) {
        List<String> merges = file.strings("tokenizer.ggml.merges");
        if (merges == null) {
            throw new CheckpointException(file.path() + ": the gpt2 tokenizer has no merges");
        }
        String pre = file.find("tokenizer.ggml.pre", String.class);
        PreTokenizer splitting = PreTokenizer.of(file, pre == null ? "gpt-2" : pre);
        json.put("normalizer", splitting.normalizer());
        json.put("pre_tokenizer", splitting.steps());
        json.put("post_processor", PreTokenizer.byteLevel(true));
        json.put("decoder", PreTokenizer.byteLevel(true));
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("dropout", null);
        model.put("unk_token", null);
        model.put("continuing_subword_prefix", null);
        model.put("end_of_word_suffix", null);
        model.put("fuse_unk", false);
        model.put("byte_fallback", false);
        model.put("ignore_merges", splitting.ignoreMerges());
        model.put("vocab", vocabulary(tokens));
        model.put("merges", merges);
        json.put("model", model);
    }

    static Map<String, Object> vocabulary(List<String> tokens) {
        Map<String, Object> vocabulary = new LinkedHashMap<>();
        for (int id = 0; id < tokens.size(); id++) {
            vocabulary.putIfAbsent(tokens.get(id), id);
        }
        return vocabulary;
    }

    private static Map<String, Object> beginWith(String token, long id) {
        Map<String, Object> bos = Map.of("SpecialToken", Map.of("id", token, "type_id", 0));
        Map<String, Object> a = Map.of("Sequence", Map.of("id", "A", "type_id", 0));
        Map<String, Object> b = Map.of("Sequence", Map.of("id", "B", "type_id", 1));
        Map<String, Object> special = new LinkedHashMap<>();
        special.put("id", token);
        special.put("ids", List.of(id));
        special.put("tokens", List.of(token));
        Map<String, Object> processor = new LinkedHashMap<>();
        processor.put("type", "TemplateProcessing");
        processor.put("single", List.of(bos, a));
        processor.put("pair", List.of(bos, a, Map.of("SpecialToken", Map.of("id", token, "type_id", 1)), b));
        processor.put("special_tokens", Map.of(token, special));
        return processor;
    }

    private static Map<String, Object> config(
            GgufFile file, List<String> tokens, boolean addBos, @Nullable String template) {
        Map<String, Object> config = new LinkedHashMap<>();
        // The plain class: others rebuild the pre-tokenizer and lose steps of it.
        config.put("tokenizer_class", "PreTrainedTokenizerFast");
        config.put("add_bos_token", addBos);
        config.put("clean_up_tokenization_spaces", false);
        Map<String, String> keys = new HashMap<>();
        keys.put("bos_token", "bos_token_id");
        keys.put("eos_token", "eos_token_id");
        keys.put("unk_token", "unknown_token_id");
        keys.put("pad_token", "padding_token_id");
        keys.entrySet().stream().sorted(Comparator.comparing(Map.Entry::getKey)).forEach(entry -> {
            Long id = file.find("tokenizer.ggml." + entry.getValue(), Long.class);
            if (id != null && id >= 0 && id < tokens.size()) {
                config.put(entry.getKey(), tokens.get(id.intValue()));
            }
        });
        if (template != null) {
            config.put("chat_template", template);
        }
        return config;
    }
}
