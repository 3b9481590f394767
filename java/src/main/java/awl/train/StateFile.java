package awl.train;

import awl.CheckpointException;
import awl.optim.StateSection;
import awl.tensor.DeviceHandle;
import awl.tensor.Shapes;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.CRC32C;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Live tensors to a file and back into the same memory, in the safetensors layout (so other programs can look
/// at it).
///
/// Reading fills tensors that exist already instead of making new ones: restoring a run needs no second copy of
/// it.
final class StateFile {

    private static final JsonMapper JSON = new JsonMapper();
    private static final int CHUNK = 1 << 24;
    private static final int MAX_HEADER = 100 << 20;
    private static final Map<ScalarType, String> NAMES = Map.of(
            ScalarType.Float, "F32", ScalarType.BFloat16, "BF16", ScalarType.Double, "F64", ScalarType.Long, "I64");

    private StateFile() {}

    /// Writes the sections, each collected when its turn comes, and forces them to disk.
    ///
    /// @return CRC32C of the whole file
    static long write(Path file, List<StateSection> sections) throws IOException {
        CRC32C sum = new CRC32C();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            byte[] header = header(whole(sections));
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            put(channel, sum, length.putLong(header.length).flip());
            put(channel, sum, ByteBuffer.wrap(header));
            for (StateSection section : sections) {
                section.collect().run();
                for (Tensor tensor : section.tensors().values()) {
                    try (TensorScope scope = TensorScope.open()) {
                        Tensor host = DeviceHandle.CPU.move(tensor);
                        for (long at = 0; at < host.nbytes(); at += CHUNK) {
                            try (BytePointer pointer = new BytePointer(host.data_ptr())) {
                                put(channel, sum, window(pointer, at, host.nbytes()));
                            }
                        }
                    }
                }
            }
            channel.force(true);
        }
        return sum.getValue();
    }

    /// CRC32C of a file as it is on disk.
    static long checksum(Path file) throws IOException {
        CRC32C sum = new CRC32C();
        ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
        try (FileChannel channel = FileChannel.open(file)) {
            while (channel.read(buffer) >= 0) {
                sum.update(buffer.flip());
                buffer.clear();
            }
        }
        return sum.getValue();
    }

    private static Map<String, Tensor> whole(List<StateSection> sections) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        sections.forEach(section -> all.putAll(section.tensors()));
        return all;
    }

    /// Reads every tensor of `into` from the file; names, dtypes and sizes must be exactly those of the file.
    static void read(Path file, List<StateSection> into) throws IOException {
        try (FileChannel channel = FileChannel.open(file)) {
            ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            fill(channel, length, file);
            long size = length.flip().getLong();
            if (size < 2 || size > Math.min(MAX_HEADER, channel.size())) {
                throw new CheckpointException(file + ": header of " + size + " bytes; the file is damaged");
            }
            ByteBuffer bytes = ByteBuffer.allocate((int) size);
            fill(channel, bytes, file);
            JsonNode header = JSON.readTree(bytes.array());
            int tensors = whole(into).size();
            if (header.size() != tensors) {
                throw new CheckpointException(
                        "%s: holds %d tensors, this run has %d; the model or the configuration is another one"
                                .formatted(file, header.size(), tensors));
            }
            for (StateSection section : into) {
                for (Map.Entry<String, Tensor> entry : section.tensors().entrySet()) {
                    restore(
                            channel,
                            file,
                            Long.BYTES + size,
                            entry.getKey(),
                            entry.getValue(),
                            header.path(entry.getKey()));
                }
                section.spread().run();
            }
        }
    }

    private static void restore(
            FileChannel channel, Path file, long base, String name, Tensor tensor, JsonNode described)
            throws IOException {
        if (!describe(tensor, described.path("data_offsets").path(0).asLong()).equals(described)) {
            throw new CheckpointException("%s: %s: expected %s, found %s; the model or the configuration is another one"
                    .formatted(file, name, describe(tensor, 0), described));
        }
        channel.position(base + described.path("data_offsets").path(0).asLong());
        try (TensorScope scope = TensorScope.open()) {
            Tensor host = tensor.is_cpu() ? tensor : Tensors.empty(Tensors.dtype(tensor), Shapes.of(tensor));
            for (long at = 0; at < host.nbytes(); at += CHUNK) {
                try (BytePointer pointer = new BytePointer(host.data_ptr())) {
                    fill(channel, window(pointer, at, host.nbytes()), file);
                }
            }
            if (host != tensor) {
                tensor.copy_(host);
            }
        }
    }

    private static ByteBuffer window(BytePointer pointer, long at, long total) {
        return pointer.position(at).limit(Math.min(total, at + CHUNK)).asByteBuffer();
    }

    private static byte[] header(Map<String, Tensor> tensors) throws IOException {
        ObjectNode header = JSON.createObjectNode();
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : tensors.entrySet()) {
            if (!entry.getValue().is_contiguous()) {
                throw new IllegalArgumentException(entry.getKey() + " is not contiguous");
            }
            header.set(entry.getKey(), describe(entry.getValue(), offset));
            offset += entry.getValue().nbytes();
        }
        StringBuilder text = new StringBuilder(JSON.writeValueAsString(header));
        while ((text.toString().getBytes(StandardCharsets.UTF_8).length & 7) != 0) {
            text.append(' '); // tensors start on eight bytes
        }
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static JsonNode describe(Tensor tensor, long offset) throws IOException {
        String dtype = NAMES.get(tensor.scalar_type().intern());
        if (dtype == null) {
            throw new IllegalArgumentException("no name for " + tensor.scalar_type());
        }
        ObjectNode described = JSON.createObjectNode().put("dtype", dtype);
        described.set("shape", JSON.valueToTree(tensor.sizes().vec().get()));
        described.putArray("data_offsets").add(offset).add(offset + tensor.nbytes());
        return JSON.readTree(JSON.writeValueAsString(described)); // the same node types as read from a file
    }

    private static void put(FileChannel channel, CRC32C sum, ByteBuffer bytes) throws IOException {
        sum.update(bytes.duplicate());
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static void fill(FileChannel channel, ByteBuffer bytes, Path file) throws IOException {
        while (bytes.hasRemaining()) {
            if (channel.read(bytes) < 0) {
                throw new CheckpointException(file + ": ends too early; the file is damaged");
            }
        }
    }
}
