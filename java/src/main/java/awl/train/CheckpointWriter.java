package awl.train;

import awl.optim.StateSection;
import awl.tensor.Shapes;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// Writes checkpoints while training goes on: the state is copied in host memory, and a thread of its own makes the
/// files from the copy. One at a time; the next one waits for it.
///
/// Where memory has no room for a copy the files are written before training goes on, and that is said once.
final class CheckpointWriter implements AutoCloseable {

    /// What stays free of the memory that is free now.
    private static final double SPARED = 0.25;

    private final CheckpointStore store;
    private final Consumer<String> notes;
    private final Map<String, Tensor> copy = new LinkedHashMap<>();
    private boolean background;
    private boolean decided;
    private @Nullable CompletableFuture<Void> running;

    /// @param background whether training may go on meanwhile
    /// @param notes told where it cannot
    CheckpointWriter(CheckpointStore store, boolean background, Consumer<String> notes) {
        this.store = store;
        this.background = background;
        this.notes = notes;
    }

    /// Writes one and removes the old ones behind it. Returns when the tensors may change again.
    ///
    /// @param keep how many stay
    /// @param best step that stays beside them
    /// @throws java.io.UncheckedIOException where this or the one before could not be written
    void write(TrainingState state, List<StateSection> sections, int keep, @Nullable Long best) {
        await();
        decide(sections);
        if (!background) {
            finish(state, sections, keep, best);
            return;
        }
        copy(sections);
        CompletableFuture<Void> done = new CompletableFuture<>();
        running = done;
        Thread.ofPlatform().daemon().name("awl-checkpoint").start(() -> {
            try (TensorScope scope = TensorScope.open()) {
                finish(state, List.of(StateSection.of(copy)), keep, best);
                done.complete(null);
            } catch (Throwable e) {
                done.completeExceptionally(e);
            }
        });
    }

    private void finish(TrainingState state, List<StateSection> sections, int keep, @Nullable Long best) {
        store.write(state, sections);
        store.prune(keep, best);
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
        long free = Machine.freeMemory();
        if (background && bytes > free * (1 - SPARED)) {
            background = false;
            notes.accept(
                    "training waits for its checkpoints: a copy of their %,d MiB does not fit beside it (%,d MiB free)"
                            .formatted(bytes >> 20, free >> 20));
        }
    }

    private void copy(List<StateSection> sections) {
        for (StateSection section : sections) {
            section.collect().run();
            section.tensors()
                    .forEach((name, live) ->
                            copy.computeIfAbsent(name, n -> like(live)).copy_(live));
        }
    }

    private static Tensor like(Tensor live) {
        Tensor host = Tensors.empty(Tensors.dtype(live), Shapes.of(live));
        host.retainReference();
        return host;
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
            copy.values().forEach(Tensor::close);
            copy.clear();
        }
    }
}
