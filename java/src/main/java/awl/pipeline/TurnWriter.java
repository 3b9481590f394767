package awl.pipeline;

import awl.chat.Conversation;
import awl.sample.Request;
import java.util.concurrent.CompletableFuture;

/// Who writes the model's turns of episodes: a model in this process ([LocalTurns]) or one that others serve
/// ([RemoteTurns]).
interface TurnWriter extends AutoCloseable {

    /// Tokens that an episode may have.
    int capacity();

    /// Turns written at once.
    int slots();

    /// Asks for a turn.
    ///
    /// @param conversation that the turn continues, as messages
    /// @param request the same as tokens, and how to choose the next ones
    CompletableFuture<Written> write(Conversation conversation, Request request);

    /// Moves on what has to be moved from this thread.
    ///
    /// @return whether there is more to move
    boolean step();

    @Override
    void close();

    /// A turn.
    ///
    /// @param ids a token that ended it included
    /// @param logProbs one a token
    record Written(int[] ids, double[] logProbs) {}
}
