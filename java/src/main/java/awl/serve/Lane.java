package awl.serve;

import awl.model.Decoder;
import awl.sample.Completion;
import awl.sample.Generator;
import awl.sample.Request;
import awl.sample.SlotModel;
import awl.sample.TokenListener;
import awl.token.Tokenizer;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// A model under its name, with the generator that answers for it. Its slots are made when the first request comes, so
/// that an adapter nobody asks takes no memory for keys and values.
final class Lane {

    private final String name;
    private final @Nullable Decoder owned;
    private final Supplier<? extends SlotModel> slots;
    private final Tokenizer tokenizer;
    private final int stepTokens;
    private @Nullable Generator generator;
    private boolean closed;

    /// @param owned closed together with this; null where it is another's
    Lane(
            String name,
            @Nullable Decoder owned,
            Supplier<? extends SlotModel> slots,
            Tokenizer tokenizer,
            int stepTokens) {
        this.name = name;
        this.owned = owned;
        this.slots = slots;
        this.tokenizer = tokenizer;
        this.stepTokens = stepTokens;
    }

    String name() {
        return name;
    }

    synchronized CompletableFuture<Completion> submit(Request request, @Nullable TokenListener listener) {
        if (closed) {
            return CompletableFuture.failedFuture(new CancellationException("the adapter was unloaded"));
        }
        Generator open = generator;
        if (open == null) {
            open = generator = new Generator(slots.get(), tokenizer, stepTokens);
        }
        return open.submit(request, listener);
    }

    /// On the engine's thread alone.
    ///
    /// @return whether there is more to do
    boolean step() {
        Generator open = open();
        if (open == null) {
            return false;
        }
        try {
            return open.step();
        } catch (RuntimeException | Error e) {
            // What ran has been told. The slots may be half written, so none of them is used again.
            forget(open);
            throw e;
        }
    }

    private synchronized @Nullable Generator open() {
        return generator;
    }

    private synchronized void forget(Generator broken) {
        generator = null;
        broken.close();
    }

    int running() {
        Generator open = open();
        return open == null ? 0 : open.running();
    }

    /// On the engine's thread: requests that are left are cancelled.
    synchronized void close() {
        closed = true;
        if (generator != null) {
            generator.close();
            generator = null;
        }
        if (owned != null) {
            owned.close();
        }
    }
}
