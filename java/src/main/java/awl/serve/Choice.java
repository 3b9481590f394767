package awl.serve;

import awl.sample.Completion;
import awl.sample.TokenListener;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// One answer on its way. The engine's thread adds tokens; who answers the client reads them once the future is done,
/// or one by one from the queue.
final class Choice implements TokenListener {

    final int index;
    final int[] prompt;
    private final int alternatives;
    private final @Nullable Queue<Event> events;
    private final List<Token> tokens = new ArrayList<>();
    private @Nullable CompletableFuture<Completion> answer;

    /// A token as the client may be told of it.
    record Token(int id, double logProb, List<Alternative> alternatives) {}

    /// What happened to a choice; without token and completion it failed or was cancelled.
    record Event(
            @Nullable Choice choice,
            @Nullable Token token,
            @Nullable Completion done,
            @Nullable Throwable error) {}

    /// @param events told as it happens; null = only kept
    Choice(int index, int[] prompt, int alternatives, @Nullable Queue<Event> events) {
        this.index = index;
        this.prompt = prompt;
        this.alternatives = alternatives;
        this.events = events;
    }

    @Override
    public int alternatives() {
        return Math.max(0, alternatives);
    }

    @Override
    public void token(int id, double logProb, List<Alternative> best) {
        Token token = new Token(id, logProb, best);
        if (events == null) {
            tokens.add(token);
        } else {
            events.add(new Event(this, token, null, null));
        }
    }

    void answeredBy(CompletableFuture<Completion> future) {
        answer = future;
        Queue<Event> told = events;
        if (told != null) {
            future.whenComplete((done, error) -> told.add(new Event(this, null, done, error)));
        }
    }

    /// @throws java.util.concurrent.CancellationException the client left
    Completion join() {
        CompletableFuture<Completion> future = answer;
        if (future == null) {
            throw new IllegalStateException("never submitted");
        }
        return future.join();
    }

    void cancel() {
        if (answer != null) {
            answer.cancel(false);
        }
    }

    /// All of them; only when the answer is done.
    List<Token> tokens() {
        return tokens;
    }
}
