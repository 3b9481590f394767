package awl.train;

import awl.optim.StateSection;
import awl.tensor.Shapes;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// A run's state as it is now, written to a file while training goes on.
///
/// Parameters and moments stay as they are until the next update, so one thread writes them from where they lie, first
/// to last; just before the update [#settle] copies what is left, last to first, and the writer goes on from the
/// copies. A disk that is faster than a step needs no copy at all.
final class StateSnapshot {

    private final StateHeader header;
    private final Map<String, Tensor> copies;
    private final List<Part> parts = new ArrayList<>();

    /// One tensor. Whoever reads or copies it holds the lock; a fair one, for the writer takes it again at once.
    private static final class Part {
        final ReentrantLock turn = new ReentrantLock(true);
        final String name;
        final Tensor live;

        @Nullable
        Tensor copy;

        boolean written;

        Part(String name, Tensor live) {
            this.name = name;
            this.live = live;
        }
    }

    /// Collects all sections; what their memory does not keep, or lies on a device, is copied at once.
    ///
    /// @param sections whose live tensors outlast this
    /// @param copies memory of earlier copies by name, used again and added to; the caller frees it
    StateSnapshot(List<StateSection> sections, Map<String, Tensor> copies) throws IOException {
        this.header = StateHeader.of(sections);
        this.copies = copies;
        for (StateSection section : sections) {
            section.collect().run();
            section.tensors().forEach((name, tensor) -> {
                Part part = new Part(name, tensor);
                if (!section.live() || !tensor.is_cpu()) {
                    copy(part);
                }
                parts.add(part);
            });
        }
    }

    /// @return CRC32C of the file
    long write(Path file) throws IOException {
        return StateFile.write(file, header, to -> {
            for (Part part : parts) {
                write(part, to);
            }
        });
    }

    private static void write(Part part, BlockWriter to) throws IOException {
        long bytes = 0;
        do {
            part.turn.lock();
            try {
                Tensor from = part.copy == null ? part.live : part.copy;
                if (bytes < from.nbytes()) {
                    to.put(StateFile.piece(from, bytes));
                }
                bytes += StateFile.PIECE;
                part.written = bytes >= from.nbytes();
            } finally {
                part.turn.unlock();
            }
        } while (!part.written);
    }

    /// Returns when the live tensors are no longer needed.
    void settle() {
        for (Part part : parts.reversed()) {
            part.turn.lock();
            try {
                if (!part.written && part.copy == null) {
                    copy(part);
                }
            } finally {
                part.turn.unlock();
            }
        }
    }

    private void copy(Part part) {
        try (TensorScope scope = TensorScope.open()) {
            Tensor copy = copies.computeIfAbsent(part.name, name -> like(part.live));
            copy.copy_(part.live);
            part.copy = copy;
        }
    }

    private static Tensor like(Tensor live) {
        Tensor host = Tensors.empty(Tensors.dtype(live), Shapes.of(live));
        host.retainReference();
        return host;
    }
}
