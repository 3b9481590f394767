package awl.model.gguf;

import awl.CheckpointException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How byte-level BPE cuts text into words, by the name in `tokenizer.ggml.pre`: the steps of the checkpoints those
/// names were given for.
record PreTokenizer(@Nullable Map<String, Object> normalizer, Map<String, Object> steps, boolean ignoreMerges) {

    private static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN2 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    static PreTokenizer of(GgufFile file, String name) {
        return switch (name) {
            case "gpt-2", "default", "olmo", "jais" -> new PreTokenizer(null, words(), false);
            // Each digit is a word of its own, split off before GPT-2's pattern.
            case "smollm", "starcoder", "refact", "command-r", "codeshell" ->
                new PreTokenizer(null, sequence(Map.of("type", "Digits", "individual_digits", true), words()), false);
            case "llama-bpe", "llama3", "llama-v3" ->
                new PreTokenizer(null, sequence(split(LLAMA3), byteLevel(false)), true);
            case "qwen2", "deepseek-r1-qwen" ->
                new PreTokenizer(Map.of("type", "NFC"), sequence(split(QWEN2), byteLevel(false)), false);
            default ->
                throw new CheckpointException(
                        "%s: pre-tokenizer '%s' is not supported; supported are gpt-2, smollm, starcoder, llama-bpe, qwen2 and their aliases"
                                .formatted(file.path(), name));
        };
    }

    private static Map<String, Object> words() {
        return byteLevel(true);
    }

    static Map<String, Object> byteLevel(boolean useRegex) {
        Map<String, Object> step = new LinkedHashMap<>();
        step.put("type", "ByteLevel");
        step.put("add_prefix_space", false);
        step.put("trim_offsets", true);
        step.put("use_regex", useRegex);
        return step;
    }

    private static Map<String, Object> split(String pattern) {
        Map<String, Object> step = new LinkedHashMap<>();
        step.put("type", "Split");
        step.put("pattern", Map.of("Regex", pattern));
        step.put("behavior", "Isolated");
        step.put("invert", false);
        return step;
    }

    private static Map<String, Object> sequence(Map<String, Object> first, Map<String, Object> second) {
        Map<String, Object> step = new LinkedHashMap<>();
        step.put("type", "Sequence");
        step.put("pretokenizers", List.of(first, second));
        return step;
    }
}
