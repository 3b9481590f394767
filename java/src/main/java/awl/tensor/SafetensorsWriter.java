package awl.tensor;

import awl.CheckpointException;
import awl.Json;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/// Writes tensors as safetensors files, one tensor in memory at a time.
///
/// The folder must be one that nobody reads yet (written beside, then renamed): the files get their names at once.
/// Bytes reach the disk (`fsync`) before a method returns. The same tensors give the same bytes.
public final class SafetensorsWriter {

    /// Largest file that is written before the next shard begins; what Hugging Face uses.
    public static final long SHARD_BYTES = 5_000_000_000L;

    private static final int CHUNK = 64 << 20;

    private static final Map<ScalarType, String> NAMES = Map.of(
            ScalarType.Double,
            "F64",
            ScalarType.Float,
            "F32",
            ScalarType.Half,
            "F16",
            ScalarType.BFloat16,
            "BF16",
            ScalarType.Long,
            "I64",
            ScalarType.Int,
            "I32",
            ScalarType.Short,
            "I16",
            ScalarType.Char,
            "I8",
            ScalarType.Byte,
            "U8",
            ScalarType.Bool,
            "BOOL");

    private SafetensorsWriter() {}

    /// What is going to be written.
    ///
    /// @param shape sizes
    public record Entry(String name, ScalarType dtype, long[] shape) {

        long bytes() {
            long bytes = dtype.intern() == ScalarType.Bool ? 1 : org.bytedeco.pytorch.global.torch.elementSize(dtype);
            for (long size : shape) {
                bytes *= size;
            }
            return bytes;
        }
    }

    /// Writes `<stem>.safetensors`, or `<stem>-00001-of-0000n.safetensors` and
    /// `<stem>.safetensors.index.json` when one file would be larger than `shardBytes`.
    ///
    /// @param read gives each tensor, contiguous or not, of the dtype and shape announced; closed here after use
    public static void write(
            Path folder, String stem, List<Entry> entries, Function<String, Tensor> read, long shardBytes) {
        List<List<Entry>> shards = split(entries, shardBytes);
        Map<String, Object> weightMap = new LinkedHashMap<>();
        long total = 0;
        for (int i = 0; i < shards.size(); i++) {
            String file = shards.size() == 1
                    ? stem + ".safetensors"
                    : "%s-%05d-of-%05d.safetensors".formatted(stem, i + 1, shards.size());
            writeFile(folder.resolve(file), shards.get(i), read);
            for (Entry entry : shards.get(i)) {
                weightMap.put(entry.name(), file);
                total += entry.bytes();
            }
        }
        if (shards.size() > 1) {
            Map<String, Object> index = new LinkedHashMap<>();
            index.put("metadata", Map.of("total_size", total));
            index.put("weight_map", weightMap);
            writeBytes(
                    folder.resolve(stem + ".safetensors.index.json"),
                    (Json.write(index) + "\n").getBytes(StandardCharsets.UTF_8));
        }
    }

    private static List<List<Entry>> split(List<Entry> entries, long shardBytes) {
        List<List<Entry>> shards = new ArrayList<>();
        List<Entry> current = new ArrayList<>();
        long filled = 0;
        for (Entry entry : entries) {
            if (!current.isEmpty() && filled + entry.bytes() > shardBytes) {
                shards.add(current);
                current = new ArrayList<>();
                filled = 0;
            }
            current.add(entry);
            filled += entry.bytes();
        }
        shards.add(current);
        return shards;
    }

    private static void writeFile(Path file, List<Entry> entries, Function<String, Tensor> read) {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
            byte[] header = header(entries);
            ByteBuffer head = ByteBuffer.allocate(8 + header.length).order(ByteOrder.LITTLE_ENDIAN);
            drain(channel, head.putLong(header.length).put(header).flip());
            for (Entry entry : entries) {
                try (Tensor given = read.apply(entry.name());
                        Tensor host = given.cpu();
                        Tensor tensor = host.contiguous()) {
                    if (tensor.scalar_type().intern() != entry.dtype().intern() || tensor.nbytes() != entry.bytes()) {
                        throw new CheckpointException("%s: tensor '%s' is not what was announced: %d bytes of %s"
                                .formatted(file, entry.name(), tensor.nbytes(), tensor.scalar_type()));
                    }
                    MemorySegment bytes =
                            MemorySegment.ofAddress(tensor.data_ptr().address()).reinterpret(entry.bytes());
                    for (long at = 0; at < entry.bytes(); at += CHUNK) {
                        drain(
                                channel,
                                bytes.asSlice(at, Math.min(CHUNK, entry.bytes() - at))
                                        .asByteBuffer());
                    }
                }
            }
            channel.force(true);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    private static byte[] header(List<Entry> entries) {
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("__metadata__", Map.of("format", "pt"));
        long at = 0;
        for (Entry entry : entries) {
            String dtype = NAMES.get(entry.dtype().intern());
            if (dtype == null) {
                throw new CheckpointException("tensor '" + entry.name() + "': " + entry.dtype() + " cannot be written");
            }
            Map<String, Object> fields = new LinkedHashMap<>();
            fields.put("dtype", dtype);
            fields.put("shape", entry.shape());
            fields.put("data_offsets", List.of(at, at + entry.bytes()));
            header.put(entry.name(), fields);
            at += entry.bytes();
        }
        String json = Json.write(header);
        // Blanks up to a multiple of 8, so that every tensor's address suits its element width.
        return (json + " ".repeat((8 - json.getBytes(StandardCharsets.UTF_8).length % 8) % 8))
                .getBytes(StandardCharsets.UTF_8);
    }

    private static void writeBytes(Path file, byte[] bytes) {
        try (FileChannel channel = FileChannel.open(
                file, StandardOpenOption.WRITE, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING)) {
            drain(channel, ByteBuffer.wrap(bytes));
            channel.force(true);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be written: " + e.getMessage(), e);
        }
    }

    private static void drain(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
