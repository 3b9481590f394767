package awl.model.gguf;

import awl.CheckpointException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// SentencePiece BPE (tokenizer model `llama`): its scores become an ordered list of merges, the way Hugging Face
/// converts such files.
final class SentencePiece {

    private static final String SPACE = "\u2581";

    private SentencePiece() {}

    private record Merge(String left, String right, int leftId, int rightId, double score) {}

    static void fill(GgufFile file, List<String> tokens, @Nullable List<?> types, Map<String, Object> json) {
        List<?> scores = file.find("tokenizer.ggml.scores", List.class);
        if (scores == null || scores.size() != tokens.size()) {
            throw new CheckpointException(file.path() + ": the llama tokenizer needs one score for each token");
        }
        Map<String, Object> vocabulary = GgufTokenizer.vocabulary(tokens);
        Boolean prefix = file.find("tokenizer.ggml.add_space_prefix", Boolean.class);
        boolean addPrefix = prefix == null || prefix;
        json.put("normalizer", normalizer(addPrefix));
        json.put("pre_tokenizer", null);
        json.put("post_processor", null);
        json.put("decoder", decoder(addPrefix));
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "BPE");
        model.put("dropout", null);
        Long unknown = file.find("tokenizer.ggml.unknown_token_id", Long.class);
        model.put(
                "unk_token",
                unknown == null || unknown < 0 || unknown >= tokens.size() ? null : tokens.get(unknown.intValue()));
        model.put("continuing_subword_prefix", null);
        model.put("end_of_word_suffix", null);
        model.put("fuse_unk", true);
        model.put("byte_fallback", true);
        model.put("ignore_merges", false);
        model.put("vocab", vocabulary);
        model.put("merges", merges(tokens, types, scores, vocabulary));
        json.put("model", model);
    }

    private static List<String> merges(
            List<String> tokens, @Nullable List<?> types, List<?> scores, Map<String, Object> vocabulary) {
        List<Merge> merges = new ArrayList<>();
        for (int id = 0; id < tokens.size(); id++) {
            boolean normal = types == null || !(types.get(id) instanceof Long type) || type == 1 || type == 4;
            if (!normal) {
                continue;
            }
            String token = tokens.get(id);
            double score = scores.get(id) instanceof Double value ? value : 0;
            List<Merge> ways = new ArrayList<>();
            for (int cut = token.offsetByCodePoints(0, Math.min(1, token.length())); cut < token.length(); ) {
                String left = token.substring(0, cut);
                String right = token.substring(cut);
                if (vocabulary.get(left) instanceof Integer leftId
                        && vocabulary.get(right) instanceof Integer rightId) {
                    ways.add(new Merge(left, right, leftId, rightId, score));
                }
                cut = token.offsetByCodePoints(cut, 1);
            }
            ways.sort(Comparator.comparingInt(Merge::leftId).thenComparingInt(Merge::rightId));
            merges.addAll(ways);
        }
        merges.sort(Comparator.comparingDouble(Merge::score)
                .thenComparingInt(
                        merge -> merge.left().codePointCount(0, merge.left().length()))
                .thenComparingInt(
                        merge -> merge.right().codePointCount(0, merge.right().length()))
                .reversed());
        return merges.stream().map(merge -> merge.left() + " " + merge.right()).toList();
    }

    private static Map<String, Object> normalizer(boolean addPrefix) {
        List<Object> steps = new ArrayList<>();
        if (addPrefix) {
            steps.add(Map.of("type", "Prepend", "prepend", SPACE));
        }
        steps.add(Map.of("type", "Replace", "pattern", Map.of("String", " "), "content", SPACE));
        return Map.of("type", "Sequence", "normalizers", steps);
    }

    private static Map<String, Object> decoder(boolean stripPrefix) {
        List<Object> steps = new ArrayList<>();
        steps.add(Map.of("type", "Replace", "pattern", Map.of("String", SPACE), "content", " "));
        steps.add(Map.of("type", "ByteFallback"));
        steps.add(Map.of("type", "Fuse"));
        if (stripPrefix) {
            steps.add(Map.of("type", "Strip", "content", " ", "start", 1, "stop", 0));
        }
        return Map.of("type", "Sequence", "decoders", steps);
    }
}
