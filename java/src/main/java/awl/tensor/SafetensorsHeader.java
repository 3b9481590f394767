package awl.tensor;

import awl.CheckpointException;
import awl.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The JSON header of a safetensors file, checked as strictly as the format's own reader does: every byte of the data
/// section belongs to exactly one tensor, and sizes agree with shapes.
///
/// @param metadata the `__metadata__` entries
/// @param tensors in the order of the file's bytes
record SafetensorsHeader(Map<String, String> metadata, Map<String, TensorInfo> tensors) {

    /// Largest header that is read; the format's own limit.
    static final long LIMIT = 100_000_000;

    private static final Map<String, Integer> WIDTH = Map.ofEntries(
            Map.entry("F64", 8),
            Map.entry("F32", 4),
            Map.entry("F16", 2),
            Map.entry("BF16", 2),
            Map.entry("I64", 8),
            Map.entry("I32", 4),
            Map.entry("I16", 2),
            Map.entry("I8", 1),
            Map.entry("U8", 1),
            Map.entry("BOOL", 1));

    /// @param file for messages
    /// @param dataBytes length of what follows the header
    static SafetensorsHeader parse(String file, byte[] json, long dataBytes) {
        JsonNode root = Json.tree(json, file + " (header)");
        Map<String, String> metadata = new LinkedHashMap<>();
        List<TensorInfo> found = new ArrayList<>();
        root.properties().forEach(entry -> {
            if (entry.getKey().equals("__metadata__")) {
                readMetadata(file, entry.getValue(), metadata);
            } else {
                found.add(readTensor(file, entry.getKey(), entry.getValue(), dataBytes));
            }
        });
        found.sort(Comparator.comparingLong(TensorInfo::start).thenComparingLong(TensorInfo::end));
        Map<String, TensorInfo> tensors = new LinkedHashMap<>();
        long at = 0;
        for (TensorInfo info : found) {
            if (info.start() != at) {
                throw bad(
                        file,
                        "tensor '%s' starts at byte %d of the data but the one before ends at %d: offsets must neither overlap nor leave holes"
                                .formatted(info.name(), info.start(), at));
            }
            at = info.end();
            tensors.put(info.name(), info);
        }
        if (at != dataBytes) {
            throw bad(
                    file,
                    "the tensors end at byte %d of the data but the file has %d: it is truncated or has been appended to; copy or download it again"
                            .formatted(at, dataBytes));
        }
        return new SafetensorsHeader(metadata, tensors);
    }

    private static void readMetadata(String file, JsonNode node, Map<String, String> into) {
        if (!node.isObject()) {
            throw bad(file, "__metadata__ must be an object of strings");
        }
        node.properties().forEach(entry -> {
            if (!entry.getValue().isTextual()) {
                throw bad(file, "__metadata__ '" + entry.getKey() + "' must be a string");
            }
            into.put(entry.getKey(), entry.getValue().textValue());
        });
    }

    private static TensorInfo readTensor(String file, String name, JsonNode node, long dataBytes) {
        JsonNode dtype = node.get("dtype");
        JsonNode shape = node.get("shape");
        JsonNode offsets = node.get("data_offsets");
        if (!node.isObject() || node.size() != 3 || dtype == null || shape == null || offsets == null) {
            throw bad(file, "tensor '" + name + "' must have exactly dtype, shape and data_offsets");
        }
        Integer width = dtype.isTextual() ? WIDTH.get(dtype.textValue()) : null;
        if (width == null) {
            throw bad(
                    file,
                    "tensor '%s' has dtype %s; supported are F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL"
                            .formatted(name, dtype));
        }
        long[] sizes = longs(shape);
        long[] range = longs(offsets);
        if (sizes == null || sizes.length > 16 || range == null || range.length != 2) {
            throw bad(file, "tensor '" + name + "': shape and data_offsets must be arrays of non-negative integers");
        }
        if (range[0] > range[1] || range[1] > dataBytes) {
            throw bad(
                    file,
                    "tensor '%s' claims bytes %d to %d of %d: the file is truncated or the header is wrong"
                            .formatted(name, range[0], range[1], dataBytes));
        }
        long bytes = width;
        for (long size : sizes) {
            if (size != 0 && bytes > Long.MAX_VALUE / size) {
                throw bad(file, "tensor '" + name + "': the shape overflows");
            }
            bytes *= size;
        }
        if (bytes != range[1] - range[0]) {
            throw bad(
                    file,
                    "tensor '%s': shape %s of %s needs %d bytes, data_offsets give %d"
                            .formatted(name, shape, dtype.textValue(), bytes, range[1] - range[0]));
        }
        return new TensorInfo(name, dtype.textValue(), sizes, range[0], range[1]);
    }

    private static long @Nullable [] longs(JsonNode node) {
        if (!node.isArray()) {
            return null;
        }
        long[] values = new long[node.size()];
        for (int i = 0; i < values.length; i++) {
            JsonNode value = node.get(i);
            if (!value.isIntegralNumber() || !value.canConvertToLong() || value.longValue() < 0) {
                return null;
            }
            values[i] = value.longValue();
        }
        return values;
    }

    static CheckpointException bad(String file, String message) {
        return new CheckpointException(file + ": " + message);
    }
}
