package awl.train;

import awl.optim.StateSection;
import awl.tensor.HostMemory;
import awl.tensor.TensorScope;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Writes checkpoints while training goes on: a thread of its own makes the files, from a [StateSnapshot]. One at a
/// time; the next one waits for it.
///
/// Where memory has no room for a copy of the state, which a slow disk would need, the files are written before
/// training goes on, and that is said once.
final class CheckpointWriter implements AutoCloseable {

    /// What stays free of the memory that is free now.
    private static final double SPARED = 0.25;

    private final CheckpointStore store;
    private final Consumer<String> notes;
    private final Map<String, Tensor> copies = new HashMap<>();
    private boolean background;
    private boolean decided;
    private @Nullable CompletableFuture<Void> running;
    private @Nullable StateSnapshot snapshot;

    /// @param background whether training may go on meanwhile
    /// @param notes told where it cannot
    CheckpointWriter(CheckpointStore store, boolean background, Consumer<String> notes) {
        this.store = store;
        this.background = background;
        this.notes = notes;
    }

    /// Writes one and removes the old ones behind it. Live tensors may change again behind [#settle] alone; those that
    /// sections bring together when this returns.
    ///
    /// @param keep how many stay
    /// @param best step that stays beside them
    /// @throws java.io.UncheckedIOException where this or the one before could not be written
    void write(TrainingState state, List<StateSection> sections, int keep, @Nullable Long best) {
        await();
        decide(sections);
        if (!background) {
            store.write(state, sections);
            store.prune(keep, best);
            return;
        }
        StateSnapshot taken = take(sections);
        snapshot = taken;
        CompletableFuture<Void> done = new CompletableFuture<>();
        running = done;
        Thread.ofPlatform().daemon().name("awl-checkpoint").start(() -> {
            try (TensorScope scope = TensorScope.open()) {
                store.write(state, taken::write);
                store.prune(keep, best);
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
    }

    private StateSnapshot take(List<StateSection> sections) {
        try {
            return new StateSnapshot(sections, copies);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Call before parameters and moments change: takes a copy of what is not on disk yet.
    void settle() {
        if (snapshot != null && running != null && !running.isDone()) {
            snapshot.settle();
        }
        snapshot = null;
    }

    private void decide(List<StateSection> sections) {
        if (decided) {
            return;
        }
        decided = true;
        long bytes = sections.stream()
                .flatMap(section -> section.tensors().values().stream())
                .mapToLong(Tensor::nbytes)
                .sum();
        long free = HostMemory.freeBytes();
        if (background && bytes > free * (1 - SPARED)) {
            background = false;
            notes.accept(
                    "training waits for its checkpoints: a copy of their %,d MiB does not fit beside it (%,d MiB free)"
                            .formatted(bytes >> 20, free >> 20));
        }
    }

    /// An error of the one under way, as soon as it is known.
    void check() {
        if (running != null && running.isCompletedExceptionally()) {
            await();
        }
    }

    /// Returns when what was handed over is on disk.
    void await() {
        CompletableFuture<Void> last = running;
        running = null;
        if (last == null) {
            return;
        }
        try {
            last.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            if (e.getCause() instanceof Error cause) {
                throw cause;
            }
            throw e;
        }
    }

    /// Waits; an error that nobody has seen is told.
    @Override
    public void close() {
        try {
            await();
        } catch (RuntimeException e) {
            notes.accept(String.valueOf(e.getMessage()));
        } finally {
            copies.values().forEach(Tensor::close);
            copies.clear();
        }
    }
}
