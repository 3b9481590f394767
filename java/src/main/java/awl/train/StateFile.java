package awl.train;

import awl.CheckpointException;
import awl.optim.StateSection;
import awl.tensor.DeviceHandle;
import awl.tensor.Shapes;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.bytedeco.pytorch.Tensor;

/// Live tensors to a file and back into the same memory. The file is a safetensors file like any other, so that other
/// programs can look at it.
///
/// Reading fills tensors that exist already instead of making new ones: restoring a run needs no second copy of
/// it.
final class StateFile {

    /// Bytes of a tensor that are handed on at a time.
    static final int PIECE = 1 << 24;

    private static final int SMALL = 1 << 20;

    private StateFile() {}

    /// What puts the bytes of the tensors, in the header's order.
    @FunctionalInterface
    interface Content {
        void to(BlockWriter file) throws IOException;
    }

    /// Writes the sections, each collected when its turn comes, and forces them to disk.
    ///
    /// @return CRC32C of the whole file
    static long write(Path file, List<StateSection> sections) throws IOException {
        return write(file, StateHeader.of(sections), to -> {
            for (StateSection section : sections) {
                section.collect().run();
                for (Tensor tensor : section.tensors().values()) {
                    try (TensorScope scope = TensorScope.open()) {
                        Tensor host = DeviceHandle.CPU.move(tensor);
                        for (long at = 0; at < host.nbytes(); at += PIECE) {
                            to.put(piece(host, at));
                        }
                    }
                }
            }
        });
    }

    /// Writes a file and forces it to disk.
    ///
    /// @return CRC32C of the whole file
    static long write(Path file, StateHeader header, Content content) throws IOException {
        try (BlockWriter to = new BlockWriter(file, header.bytes().length + header.data())) {
            to.put(ByteBuffer.wrap(header.bytes()));
            content.to(to);
            return to.finish();
        }
    }

    /// A host tensor's bytes from `at` on, [#PIECE] of them at most; a view.
    static ByteBuffer piece(Tensor host, long at) {
        return StagingMemory.window(host, at, (int) Math.min(PIECE, host.nbytes() - at));
    }

    /// CRC32C of a file as it is on disk.
    static long checksum(Path file) throws IOException {
        if (Files.size(file) < SMALL) {
            CRC32C sum = new CRC32C();
            sum.update(Files.readAllBytes(file));
            return sum.getValue();
        }
        try (BlockReader from = new BlockReader(file)) {
            return from.checksum();
        }
    }

    /// Reads every tensor of `into` from the file; names, dtypes and sizes must be exactly those of the file.
    static void read(Path file, List<StateSection> into) throws IOException {
        try (BlockReader from = new BlockReader(file)) {
            read(from, into);
        }
    }

    /// [#read] from a file that is open.
    static void read(BlockReader from, List<StateSection> into) throws IOException {
        Path file = from.file();
        StateHeader header = StateHeader.read(from);
        int tensors = StateHeader.whole(into).size();
        if (header.entries().size() != tensors) {
            throw new CheckpointException(
                    "%s: holds %d tensors, this run has %d; the model or the configuration is another one"
                            .formatted(file, header.entries().size(), tensors));
        }
        for (StateSection section : into) {
            for (Map.Entry<String, Tensor> entry : section.tensors().entrySet()) {
                fill(entry.getValue(), from, header.position(entry.getKey(), entry.getValue(), file));
            }
            from.settle();
            section.spread().run();
        }
    }

    private static void fill(Tensor tensor, BlockReader from, long position) throws IOException {
        if (tensor.is_cpu()) {
            for (long at = 0; at < tensor.nbytes(); at += PIECE) {
                from.begin(position + at, piece(tensor, at));
            }
            return;
        }
        try (TensorScope scope = TensorScope.open()) {
            Tensor host = Tensors.empty(Tensors.dtype(tensor), Shapes.of(tensor));
            for (long at = 0; at < host.nbytes(); at += PIECE) {
                from.read(position + at, piece(host, at));
            }
            tensor.copy_(host);
        }
    }
}
