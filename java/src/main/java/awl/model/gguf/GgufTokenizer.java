package awl.model.gguf;

import awl.CheckpointException;
import awl.ConfigException;
import awl.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The tokenizer in a GGUF file's metadata, as the files of a Hugging Face folder.
///
/// @param tokenizerJson text of a `tokenizer.json`
/// @param tokenizerConfig what a `tokenizer_config.json` holds: names of special tokens, chat template
/// @param chatTemplate Jinja source, or null where the file has none
public record GgufTokenizer(
        String tokenizerJson,
        Map<String, @Nullable Object> tokenizerConfig,
        @Nullable String chatTemplate) {

    private static final String PREFIX = "tokenizer.ggml.";

    /// Kinds of token, as `tokenizer.ggml.token_type` numbers them.
    private static final int UNKNOWN = 2;

    private static final int CONTROL = 3;
    private static final int USER_DEFINED = 4;
    private static final int UNUSED = 5;
    private static final int BYTE = 6;

    /// Reads the tokenizer of a `.gguf` file and closes the file again.
    public static GgufTokenizer read(Path path) {
        try (GgufFile file = GgufFile.open(path)) {
            return of(file.metadata());
        }
    }

    static GgufTokenizer of(GgufMetadata metadata) {
        return new Reader(metadata).read();
    }

    private static final class Reader {
        private final GgufMetadata metadata;
        private final String kind;
        private final List<String> tokens;
        private final long[] types;

        Reader(GgufMetadata metadata) {
            this.metadata = metadata;
            this.kind = metadata.requireString(PREFIX + "model");
            this.tokens = metadata.requireArray(PREFIX + "tokens").strings();
            GgufArray stored = metadata.array(PREFIX + "token_type");
            this.types = stored == null ? new long[tokens.size()] : stored.integers();
            if (types.length != tokens.size()) {
                throw new CheckpointException(
                        "%s: %d tokens but %d token types".formatted(metadata.file(), tokens.size(), types.length));
            }
        }

        GgufTokenizer read() {
            Map<String, Integer> vocabulary = vocabulary();
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("version", "1.0");
            json.put("truncation", null);
            json.put("padding", null);
            json.put("added_tokens", added());
            switch (kind) {
                case "gpt2" -> byteLevel(vocabulary, json);
                case "llama" -> sentencePiece(vocabulary, json);
                default ->
                    throw new ConfigException(
                            "%s: tokenizer.ggml.model '%s' is not supported; supported are gpt2 and llama"
                                    .formatted(metadata.file(), kind));
            }
            String template = metadata.string("tokenizer.chat_template");
            return new GgufTokenizer(Json.write(json), config(template), template);
        }

        private Map<String, Integer> vocabulary() {
            Map<String, Integer> ids = new LinkedHashMap<>(tokens.size() * 2);
            for (int id = 0; id < tokens.size(); id++) {
                Integer before = ids.put(tokens.get(id), id);
                if (before != null) {
                    throw new CheckpointException("%s: tokens %d and %d are both '%s'"
                            .formatted(metadata.file(), before, id, tokens.get(id)));
                }
            }
            return ids;
        }

        /// What is found in the text before anything else is done to it.
        private List<Object> added() {
            List<Object> added = new ArrayList<>();
            for (int id = 0; id < types.length; id++) {
                boolean special = types[id] == CONTROL || (types[id] == UNKNOWN && kind.equals("llama"));
                if (special || types[id] == USER_DEFINED) {
                    Map<String, @Nullable Object> token = new LinkedHashMap<>();
                    token.put("id", id);
                    token.put("content", tokens.get(id));
                    token.put("single_word", false);
                    token.put("lstrip", false);
                    token.put("rstrip", false);
                    token.put("normalized", false);
                    token.put("special", special);
                    added.add(token);
                }
            }
            return added;
        }

        /// GPT-2's scheme: the alphabet is 256 printable stand-ins for bytes, merges are listed in order.
        private void byteLevel(Map<String, Integer> vocabulary, Map<String, @Nullable Object> json) {
            PreTokenizers scheme = PreTokenizers.of(metadata.file(), metadata.string(PREFIX + "pre"));
            List<Object> merges = new ArrayList<>();
            for (String merge : metadata.requireArray(PREFIX + "merges").strings()) {
                // The first space may itself be part of a token only at the very front.
                int space = merge.indexOf(' ', 1);
                if (space < 0 || space == merge.length() - 1) {
                    throw new CheckpointException(
                            "%s: %smerges: expected two tokens and a space between them, found '%s'"
                                    .formatted(metadata.file(), PREFIX, merge));
                }
                merges.add(List.of(merge.substring(0, space), merge.substring(space + 1)));
            }
            json.put("normalizer", scheme.normalizer());
            json.put("pre_tokenizer", scheme.preTokenizer());
            json.put("post_processor", ends(scheme.addBos()));
            Map<String, @Nullable Object> decoder = new LinkedHashMap<>();
            decoder.put("type", "ByteLevel");
            decoder.put("add_prefix_space", true);
            decoder.put("trim_offsets", true);
            decoder.put("use_regex", true);
            json.put("decoder", decoder);
            json.put("model", bpe(vocabulary, merges, null, false, scheme.ignoreMerges()));
        }

        /// SentencePiece's BPE: pieces have scores, a space is `▁`, what is not in the vocabulary falls back to
        /// bytes.
        private void sentencePiece(Map<String, Integer> vocabulary, Map<String, @Nullable Object> json) {
            float[] scores = metadata.requireArray(PREFIX + "scores").floats();
            if (scores.length != tokens.size()) {
                throw new CheckpointException(
                        "%s: %d tokens but %d scores".formatted(metadata.file(), tokens.size(), scores.length));
            }
            boolean prefix = metadata.flag(PREFIX + "add_space_prefix", true);
            boolean[] mergeable = new boolean[types.length];
            for (int id = 0; id < types.length; id++) {
                mergeable[id] =
                        types[id] != UNKNOWN && types[id] != CONTROL && types[id] != UNUSED && types[id] != BYTE;
            }
            json.put("normalizer", SentencePieceMerges.normalizer(prefix));
            json.put("pre_tokenizer", null);
            json.put("post_processor", ends(true));
            json.put("decoder", SentencePieceMerges.decoder(prefix));
            List<Object> merges = SentencePieceMerges.of(vocabulary, tokens, scores, mergeable);
            json.put("model", bpe(vocabulary, merges, name("unknown", "<unk>"), true, false));
        }

        private static Map<String, @Nullable Object> bpe(
                Map<String, Integer> vocabulary,
                List<Object> merges,
                @Nullable String unknown,
                boolean bytes,
                boolean ignoreMerges) {
            Map<String, @Nullable Object> model = new LinkedHashMap<>();
            model.put("type", "BPE");
            model.put("dropout", null);
            model.put("unk_token", unknown);
            model.put("continuing_subword_prefix", null);
            model.put("end_of_word_suffix", null);
            model.put("fuse_unk", bytes);
            model.put("byte_fallback", bytes);
            model.put("ignore_merges", ignoreMerges);
            model.put("vocab", vocabulary);
            model.put("merges", merges);
            return model;
        }

        /// Puts BOS in front and EOS behind where the file asks for it.
        private @Nullable Map<String, @Nullable Object> ends(boolean bosByDefault) {
            String bos = metadata.flag(PREFIX + "add_bos_token", bosByDefault) ? name("bos", null) : null;
            String eos = metadata.flag(PREFIX + "add_eos_token", false) ? name("eos", null) : null;
            if (bos == null && eos == null) {
                return null;
            }
            List<Object> single = new ArrayList<>();
            List<Object> pair = new ArrayList<>();
            Map<String, @Nullable Object> specials = new LinkedHashMap<>();
            for (int sequence = 0; sequence < 2; sequence++) {
                List<Object> piece = new ArrayList<>();
                if (bos != null) {
                    piece.add(special(bos, sequence, specials));
                }
                piece.add(Map.of("Sequence", Map.of("id", sequence == 0 ? "A" : "B", "type_id", sequence)));
                if (eos != null) {
                    piece.add(special(eos, sequence, specials));
                }
                pair.addAll(piece);
                if (sequence == 0) {
                    single.addAll(piece);
                }
            }
            Map<String, @Nullable Object> template = new LinkedHashMap<>();
            template.put("type", "TemplateProcessing");
            template.put("single", single);
            template.put("pair", pair);
            template.put("special_tokens", specials);
            return template;
        }

        private Object special(String token, int sequence, Map<String, @Nullable Object> specials) {
            specials.put(token, Map.of("id", token, "ids", List.of(tokens.indexOf(token)), "tokens", List.of(token)));
            return Map.of("SpecialToken", Map.of("id", token, "type_id", sequence));
        }

        private @Nullable String name(String role, @Nullable String fallback) {
            Long id = metadata.integer(PREFIX + role + "_token_id");
            if (id == null || id < 0 || id >= tokens.size()) {
                return fallback != null && tokens.contains(fallback) ? fallback : null;
            }
            return tokens.get(id.intValue());
        }

        private Map<String, @Nullable Object> config(@Nullable String template) {
            Map<String, @Nullable Object> config = new LinkedHashMap<>();
            // Not a class of some family: those rebuild the pre-tokenizer and lose what tokenizer.json says.
            config.put("tokenizer_class", "PreTrainedTokenizerFast");
            String architecture = metadata.string("general.architecture");
            if (architecture != null && metadata.has(architecture + ".context_length")) {
                config.put("model_max_length", metadata.requireSize(architecture + ".context_length"));
            }
            config.put("clean_up_tokenization_spaces", false);
            for (String role : List.of("bos", "eos", "unknown", "padding")) {
                String token = name(role, null);
                if (token != null) {
                    config.put(role.substring(0, 3) + "_token", token);
                }
            }
            if (template != null) {
                config.put("chat_template", template);
            }
            return config;
        }
    }
}
