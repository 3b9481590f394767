package awl.pipeline;

import awl.chat.Conversation;
import awl.sample.Generator;
import awl.sample.Request;
import awl.sample.SlotModel;
import java.util.concurrent.CompletableFuture;

/// Turns by a model in this process. All share one [Generator].
final class LocalTurns implements TurnWriter {

    private final Generator generator;
    private final int capacity;
    private final int slots;

    /// @param model closed with this
    /// @param stepTokens prompt tokens read in one step
    LocalTurns(SlotModel model, int stepTokens) {
        this.capacity = model.capacity();
        this.slots = model.slots();
        this.generator = new Generator(model, null, stepTokens);
    }

    @Override
    public int capacity() {
        return capacity;
    }

    @Override
    public int slots() {
        return slots;
    }

    @Override
    public CompletableFuture<Written> write(Conversation conversation, Request request) {
        return generator.submit(request).thenApply(done -> new Written(done.ids(), done.logProbs()));
    }

    @Override
    public boolean step() {
        return generator.step();
    }

    @Override
    public void close() {
        generator.close();
    }
}
