package awl.sample;

import org.jspecify.annotations.Nullable;

/// An answer.
///
/// @param ids the new tokens, a stop token that ended them included
/// @param logProbs natural logarithm of each token's probability under the model's own distribution: the softmax of
///     the logits as the model gave them, before penalty, temperature and filters
/// @param finish why it ended
/// @param text the new tokens as text, without special tokens, the stop token that ended them, and everything from the
///     stop string on; null where there is no tokenizer
/// @param reusedTokens how many tokens of the prompt were not computed because a slot had them already
public record Completion(
        int[] ids,
        double[] logProbs,
        FinishReason finish,
        @Nullable String text,
        int reusedTokens) {}
