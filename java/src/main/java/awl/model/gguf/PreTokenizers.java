package awl.model.gguf;

import awl.ConfigException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/// How a byte-level BPE tokenizer cuts text into words before merging, by llama.cpp's name of the scheme
/// (`tokenizer.ggml.pre`).
///
/// @param normalizer of tokenizer.json, or null
/// @param preTokenizer of tokenizer.json
/// @param ignoreMerges whether a word that is a token is taken whole
/// @param addBos whether BOS is put in front where the file does not say
record PreTokenizers(
        @Nullable Map<String, @Nullable Object> normalizer,
        Map<String, @Nullable Object> preTokenizer,
        boolean ignoreMerges,
        boolean addBos) {

    private static final String LLAMA3 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String QWEN2 =
            "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String TEKKEN =
            "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String DEEPSEEK3 =
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

    private static final Map<String, PreTokenizers> BY_NAME = schemes();

    private static Map<String, PreTokenizers> schemes() {
        Map<String, PreTokenizers> all = new LinkedHashMap<>();
        PreTokenizers gpt2 = new PreTokenizers(null, byteLevel(true), false, false);
        for (String name : List.of("gpt-2", "phi-2", "mpt", "olmo", "jais")) {
            all.put(name, gpt2);
        }
        // Every digit by itself, split off before GPT-2's pattern sees the text; the order matters.
        PreTokenizers digits = new PreTokenizers(
                null, sequence(Map.of("type", "Digits", "individual_digits", true), byteLevel(true)), false, false);
        for (String name : List.of("smollm", "starcoder", "refact", "codeshell", "exaone")) {
            all.put(name, digits);
        }
        PreTokenizers llama3 = new PreTokenizers(null, sequence(split(LLAMA3), byteLevel(false)), true, true);
        for (String name : List.of("llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral")) {
            all.put(name, llama3);
        }
        PreTokenizers dbrx = new PreTokenizers(null, llama3.preTokenizer, false, false);
        all.put("dbrx", dbrx);
        all.put("smaug-bpe", dbrx);
        PreTokenizers qwen2 =
                new PreTokenizers(Map.of("type", "NFC"), sequence(split(QWEN2), byteLevel(false)), false, false);
        for (String name : List.of("qwen2", "deepseek-r1-qwen", "megrez")) {
            all.put(name, qwen2);
        }
        all.put("tekken", new PreTokenizers(null, sequence(split(TEKKEN), byteLevel(false)), true, true));
        all.put(
                "deepseek-v3",
                new PreTokenizers(
                        null,
                        sequence(split("\\p{N}{1,3}"), split("[一-龥぀-ゟ゠-ヿ]+"), split(DEEPSEEK3), byteLevel(false)),
                        false,
                        false));
        all.put(
                "default",
                new PreTokenizers(
                        null,
                        sequence(
                                split("[\\p{P}\\$\\+<=>\\^~\\|]+"),
                                gpt2Words(),
                                split("\\p{N}+"),
                                split("[0-9][0-9][0-9]"),
                                byteLevel(false)),
                        false,
                        false));
        return all;
    }

    /// @param name value of `tokenizer.ggml.pre`; null is what the oldest files have
    /// @throws ConfigException where it is unknown: a guess would give other tokens
    static PreTokenizers of(String file, @Nullable String name) {
        PreTokenizers scheme = BY_NAME.get(name == null ? "default" : name);
        if (scheme == null) {
            throw new ConfigException(
                    "%s: tokenizer.ggml.pre '%s' is not supported; supported are %s. The model's Hugging Face folder has the tokenizer as tokenizer.json"
                            .formatted(file, name, String.join(", ", new TreeSet<>(BY_NAME.keySet()))));
        }
        return scheme;
    }

    private static Map<String, @Nullable Object> gpt2Words() {
        return split("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)");
    }

    private static Map<String, @Nullable Object> split(String pattern) {
        Map<String, @Nullable Object> split = new LinkedHashMap<>();
        split.put("type", "Split");
        split.put("pattern", Map.of("Regex", pattern));
        split.put("behavior", "Isolated");
        split.put("invert", false);
        return split;
    }

    static Map<String, @Nullable Object> byteLevel(boolean words) {
        Map<String, @Nullable Object> level = new LinkedHashMap<>();
        level.put("type", "ByteLevel");
        level.put("add_prefix_space", false);
        level.put("trim_offsets", true);
        level.put("use_regex", words);
        return level;
    }

    @SafeVarargs
    private static Map<String, @Nullable Object> sequence(Map<String, ? extends @Nullable Object>... steps) {
        Map<String, @Nullable Object> sequence = new LinkedHashMap<>();
        sequence.put("type", "Sequence");
        sequence.put("pretokenizers", List.of(steps));
        return sequence;
    }
}
