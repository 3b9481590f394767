package awl.train;

import awl.CheckpointException;
import awl.optim.StateSection;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// The beginning of a [StateFile]: names, dtypes, shapes and places of its tensors, as safetensors has them.
///
/// @param entries by name
/// @param bytes of the header with its length in front; the tensors begin behind them
/// @param data bytes of all tensors
record StateHeader(JsonNode entries, byte[] bytes, long data) {

    private static final JsonMapper JSON = new JsonMapper();
    private static final int MOST = 100 << 20;
    private static final Map<ScalarType, String> NAMES = Map.of(
            ScalarType.Float, "F32", ScalarType.BFloat16, "BF16", ScalarType.Double, "F64", ScalarType.Long, "I64");

    /// Of tensors that are to be written in this order.
    static StateHeader of(List<StateSection> sections) throws IOException {
        ObjectNode entries = JSON.createObjectNode();
        long offset = 0;
        for (Map.Entry<String, Tensor> entry : whole(sections).entrySet()) {
            if (!entry.getValue().is_contiguous()) {
                throw new IllegalArgumentException(entry.getKey() + " is not contiguous");
            }
            entries.set(entry.getKey(), describe(entry.getValue(), offset));
            offset += entry.getValue().nbytes();
        }
        byte[] text = JSON.writeValueAsBytes(entries);
        int padded = (text.length + 7) & -8; // tensors start on eight bytes
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(padded).put(text).put(" ".repeat(padded - text.length).getBytes(StandardCharsets.US_ASCII));
        return new StateHeader(entries, bytes.array(), offset);
    }

    static StateHeader read(BlockReader from) throws IOException {
        ByteBuffer length = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        from.read(0, length);
        long size = length.flip().getLong();
        if (size < 2 || size > Math.min(MOST, from.size())) {
            throw new CheckpointException(from.file() + ": header of " + size + " bytes; the file is damaged");
        }
        ByteBuffer bytes = ByteBuffer.allocate(Long.BYTES + (int) size);
        from.read(0, bytes);
        return new StateHeader(
                JSON.readTree(bytes.array(), Long.BYTES, (int) size), bytes.array(), from.size() - bytes.capacity());
    }

    /// Where the tensor's bytes begin in the file.
    ///
    /// @throws CheckpointException where the file has none of this name, dtype and shape
    long position(String name, Tensor tensor, Path file) throws IOException {
        JsonNode found = entries.path(name);
        long offset = found.path("data_offsets").path(0).asLong();
        if (!describe(tensor, offset).equals(found)) {
            throw new CheckpointException("%s: %s: expected %s, found %s; the model or the configuration is another one"
                    .formatted(file, name, describe(tensor, 0), found));
        }
        return bytes.length + offset;
    }

    /// All tensors of the sections, in their order.
    static Map<String, Tensor> whole(List<StateSection> sections) {
        Map<String, Tensor> all = new LinkedHashMap<>();
        sections.forEach(section -> all.putAll(section.tensors()));
        return all;
    }

    /// The format's name of a tensor's dtype.
    static String dtype(Tensor tensor) {
        String name = NAMES.get(tensor.scalar_type().intern());
        if (name == null) {
            throw new IllegalArgumentException("no name for " + tensor.scalar_type());
        }
        return name;
    }

    private static JsonNode describe(Tensor tensor, long offset) throws IOException {
        ObjectNode described = JSON.createObjectNode().put("dtype", dtype(tensor));
        described.set("shape", JSON.valueToTree(tensor.sizes().vec().get()));
        described.putArray("data_offsets").add(offset).add(offset + tensor.nbytes());
        return JSON.readTree(JSON.writeValueAsString(described)); // the same node types as read from a file
    }
}
