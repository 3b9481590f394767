package awl.model.gguf;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// SentencePiece's BPE said in the words of `tokenizer.json`: its scores become an ordered list of merges.
///
/// SentencePiece joins the two neighbours whose union has the best score; a merge list joins the two that stand first
/// in
/// it. So every way to cut a piece into two pieces is a merge, ordered by the piece's score.
final class SentencePieceMerges {

    private SentencePieceMerges() {}

    /// @param mergeable whether a piece may come out of text (bytes, control tokens and unused ones do not)
    static List<Object> of(Map<String, Integer> vocabulary, List<String> pieces, float[] scores, boolean[] mergeable) {
        record Merge(String left, String right, int leftId, int rightId, float score) {}
        List<Merge> merges = new ArrayList<>();
        for (int id = 0; id < pieces.size(); id++) {
            String piece = pieces.get(id);
            if (!mergeable[id]) {
                continue;
            }
            for (int cut = 1; cut < piece.length(); cut++) {
                if (Character.isLowSurrogate(piece.charAt(cut)) && Character.isHighSurrogate(piece.charAt(cut - 1))) {
                    continue;
                }
                Integer left = vocabulary.get(piece.substring(0, cut));
                Integer right = left == null ? null : vocabulary.get(piece.substring(cut));
                if (left != null && right != null && mergeable[left] && mergeable[right]) {
                    merges.add(new Merge(pieces.get(left), pieces.get(right), left, right, scores[id]));
                }
            }
        }
        merges.sort(Comparator.comparingDouble((Merge merge) -> -merge.score())
                .thenComparingInt(Merge::leftId)
                .thenComparingInt(Merge::rightId));
        List<Object> pairs = new ArrayList<>(merges.size());
        for (Merge merge : merges) {
            pairs.add(List.of(merge.left(), merge.right()));
        }
        return pairs;
    }

    /// Spaces become `▁`, and one is put in front of each stretch of text between special tokens.
    static Map<String, @Nullable Object> normalizer(boolean prefix) {
        Map<String, @Nullable Object> replace = replace(" ", "▁");
        if (!prefix) {
            return replace;
        }
        Map<String, @Nullable Object> both = new LinkedHashMap<>();
        both.put("type", "Sequence");
        both.put("normalizers", List.of(Map.of("type", "Prepend", "prepend", "▁"), replace));
        return both;
    }

    static Map<String, @Nullable Object> decoder(boolean prefix) {
        List<Object> steps =
                new ArrayList<>(List.of(replace("▁", " "), Map.of("type", "ByteFallback"), Map.of("type", "Fuse")));
        if (prefix) {
            Map<String, @Nullable Object> strip = new LinkedHashMap<>();
            strip.put("type", "Strip");
            strip.put("content", " ");
            strip.put("start", 1);
            strip.put("stop", 0);
            steps.add(strip);
        }
        Map<String, @Nullable Object> sequence = new LinkedHashMap<>();
        sequence.put("type", "Sequence");
        sequence.put("decoders", steps);
        return sequence;
    }

    private static Map<String, @Nullable Object> replace(String what, String by) {
        Map<String, @Nullable Object> replace = new LinkedHashMap<>();
        replace.put("type", "Replace");
        replace.put("pattern", Map.of("String", what));
        replace.put("content", by);
        return replace;
    }
}
