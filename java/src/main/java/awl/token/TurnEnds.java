package awl.token;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// Finds the token that ends a turn in the turn's text.
///
/// A turn may end in several tokens (`<|end|>\n<|endoftext|>`); the one that ends it is the first of those
/// it closes with. Which tokens can end a turn is known of the families; what a template closes a plain
/// answer with, and the tokenizer's `eos_token`, count too.
final class TurnEnds {

    static final Set<String> KNOWN = Set.of(
            "<|eot_id|>",
            "<|eom_id|>",
            "<|eot|>",
            "<|eom|>",
            "<|im_end|>",
            "</s>",
            "<end_of_turn>",
            "<turn|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
            "<|endoftext|>",
            "<|end_of_text|>",
            "<|END_OF_TURN_TOKEN|>",
            "<|end_of_role|>",
            "<end_of_utterance>",
            "<｜end▁of▁sentence｜>");

    private final Set<String> special;
    private final Set<String> ends = new HashSet<>(KNOWN);

    /// @param special every special token of the tokenizer
    TurnEnds(Set<String> special, Set<String> more) {
        this.special = new HashSet<>(special);
        this.special.addAll(KNOWN);
        this.special.addAll(more);
        ends.addAll(more);
        this.special.remove("");
        ends.remove("");
    }

    /// The first special token of what a template closes a plain answer with; empty where it closes with
    /// none.
    String first(String closing) {
        List<int[]> run = run(closing);
        return run.isEmpty() ? "" : closing.substring(run.getFirst()[0], run.getFirst()[1]);
    }

    /// End of the turn's learned part: behind the token that ends it; where there is none, behind its last
    /// character that is not blank.
    ///
    /// @param closingToken what [#first] gave, or empty
    int end(String turn, String closingToken) {
        for (int[] token : run(turn)) {
            String text = turn.substring(token[0], token[1]);
            if (text.equals(closingToken) || ends.contains(text)) {
                return token[1];
            }
        }
        return turn.stripTrailing().length();
    }

    /// End of a turn that stands in the middle of a text: behind the first token that can end one. -1 where there is
    /// none, or where it is not the one that the turn would end in if it were the last.
    ///
    /// @param closingToken what [#first] gave
    int firstEnd(String text, int from, String closingToken) {
        for (int at = from; at < text.length() && !closingToken.isEmpty(); at++) {
            if (text.startsWith(closingToken, at)) {
                return at + closingToken.length();
            }
            if (endTokenAt(text, at) > 0) {
                return -1;
            }
        }
        return -1;
    }

    /// The longest special token at `at` that can end a turn; its length, or 0.
    int endTokenAt(String text, int at) {
        int longest = 0;
        for (String token : ends) {
            if (token.length() > longest && text.startsWith(token, at)) {
                longest = token.length();
            }
        }
        return longest;
    }

    /// A text without the tokens that end a turn, as a model's own text has them at its end.
    String withoutEnds(String text) {
        String kept = text;
        while (true) {
            String stripped = kept.stripTrailing();
            int longest = 0;
            for (String token : ends) {
                longest = stripped.endsWith(token) ? Math.max(longest, token.length()) : longest;
            }
            if (longest == 0) {
                return kept;
            }
            kept = stripped.substring(0, stripped.length() - longest);
        }
    }

    /// The special tokens a text ends in, blanks between them passed over, in the order of the text.
    private List<int[]> run(String text) {
        List<int[]> tokens = new ArrayList<>();
        int at = text.length();
        while (true) {
            while (at > 0 && Character.isWhitespace(text.charAt(at - 1))) {
                at--;
            }
            int longest = 0;
            for (String token : special) {
                if (token.length() > longest && token.length() <= at && text.startsWith(token, at - token.length())) {
                    longest = token.length();
                }
            }
            if (longest == 0) {
                return tokens;
            }
            tokens.addFirst(new int[] {at - longest, at});
            at -= longest;
        }
    }
}
