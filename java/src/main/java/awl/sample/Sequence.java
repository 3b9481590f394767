package awl.sample;

import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// A request on its way: its tokens so far and where they live.
final class Sequence {

    final Request request;
    final CompletableFuture<Completion> answer = new CompletableFuture<>();
    final Sampler sampler;
    final int maxNewTokens;
    final @Nullable TextStream text;
    final @Nullable TokenListener listener;
    int slot = -1;
    int reusedTokens;

    private int[] tokens;
    private int count;
    private double[] logProbs = new double[16];

    Sequence(Request request, int maxNewTokens, @Nullable TextStream text, @Nullable TokenListener listener) {
        this.request = request;
        this.maxNewTokens = maxNewTokens;
        this.text = text;
        this.listener = listener;
        this.sampler = new Sampler(request.sampling(), request.stream());
        this.sampler.see(request.prompt());
        this.tokens = request.prompt().clone();
        this.count = tokens.length;
    }

    /// Prompt and answer so far, in tokens.
    int length() {
        return count;
    }

    int newTokens() {
        return count - request.prompt().length;
    }

    int[] tokens(int from, int to) {
        return Arrays.copyOfRange(tokens, from, to);
    }

    /// Adds a chosen token.
    ///
    /// @return why the answer ends with it, or null where it goes on
    @Nullable
    FinishReason add(Choice choice) {
        if (count == tokens.length) {
            tokens = Arrays.copyOf(tokens, count + Math.max(16, count / 2));
        }
        if (newTokens() == logProbs.length) {
            logProbs = Arrays.copyOf(logProbs, 2 * logProbs.length);
        }
        logProbs[newTokens()] = choice.logProb();
        tokens[count++] = choice.id();
        if (request.stopIds().contains(choice.id())) {
            return FinishReason.STOP;
        }
        if (text != null && text.add(choice.id())) {
            return FinishReason.STOP;
        }
        return newTokens() >= maxNewTokens ? FinishReason.LENGTH : null;
    }

    int[] newIds() {
        return tokens(request.prompt().length, count);
    }

    double[] logProbs() {
        return Arrays.copyOf(logProbs, newTokens());
    }
}
