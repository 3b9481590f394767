package awl.model.gguf;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Reads and checks the list of tensors in a GGUF file's header.
final class GgufTensorTable {

    /// ggml's own limit.
    private static final int MAX_RANK = 4;
    /// Widest row; rows are decoded one by one.
    private static final long MAX_COLUMNS = 1 << 24;

    private final GgufCursor cursor;
    private final long alignment;
    private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();

    GgufTensorTable(GgufCursor cursor, long alignment) {
        this.cursor = cursor;
        this.alignment = alignment;
    }

    void read(long count) {
        for (long i = 0; i < count; i++) {
            cursor.reading("tensor " + i + " of the table");
            String name = cursor.string();
            cursor.reading("tensor '" + name + "'");
            if (tensors.put(name, entry(name)) != null) {
                throw cursor.bad("tensor '" + name + "' stands twice in the table");
            }
        }
    }

    private GgufTensor entry(String name) {
        long rank = cursor.uint32();
        if (rank > MAX_RANK) {
            throw cursor.bad("tensor '%s' has %d dimensions; at most %d are allowed".formatted(name, rank, MAX_RANK));
        }
        long[] shape = new long[(int) rank];
        long count = 1;
        for (int i = 0; i < rank; i++) {
            long size = cursor.int64();
            if (size <= 0 || count > Long.MAX_VALUE / 8 / size) {
                throw cursor.bad("tensor '%s': dimension %d is %s: the shape overflows, the file is damaged"
                        .formatted(name, i, Long.toUnsignedString(size)));
            }
            count *= size;
            shape[shape.length - 1 - i] = size;
        }
        long number = cursor.uint32();
        GgufType type = GgufType.of(number);
        if (type == null) {
            throw cursor.bad(
                    "tensor '%s' is stored as %s; read are F32 F16 BF16 Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 Q4_K Q5_K Q6_K: take a file quantised to one of these"
                            .formatted(name, GgufType.name(number)));
        }
        long start = cursor.int64();
        if (start < 0 || start % alignment != 0) {
            throw cursor.bad("tensor '%s' begins at byte %s of the data, which is no multiple of the alignment %d"
                    .formatted(name, Long.toUnsignedString(start), alignment));
        }
        long columns = rank == 0 ? 1 : shape[shape.length - 1];
        if (columns % type.values != 0 || columns > MAX_COLUMNS) {
            throw cursor.bad("tensor '%s' has rows of %d values; %s needs a multiple of %d, at most %d"
                    .formatted(name, columns, type, type.values, MAX_COLUMNS));
        }
        return new GgufTensor(name, type, shape, start, count / type.values * type.bytes);
    }

    /// Each tensor lies within the data, and no two share bytes.
    Map<String, GgufTensor> check(long dataBytes) {
        List<GgufTensor> ordered = new ArrayList<>(tensors.values());
        ordered.sort(Comparator.comparingLong(GgufTensor::start));
        GgufTensor before = null;
        for (GgufTensor tensor : ordered) {
            if (tensor.start() > dataBytes || tensor.bytes() > dataBytes - tensor.start()) {
                throw cursor.bad(
                        "tensor '%s' needs bytes %d to %s of the data, but the file has %d: it is truncated or damaged; copy or download it again"
                                .formatted(
                                        tensor.name(),
                                        tensor.start(),
                                        Long.toUnsignedString(tensor.start() + tensor.bytes()),
                                        dataBytes));
            }
            if (before != null && before.start() + before.bytes() > tensor.start()) {
                throw cursor.bad("tensors '%s' and '%s' overlap".formatted(before.name(), tensor.name()));
            }
            before = tensor;
        }
        return tensors;
    }
}
