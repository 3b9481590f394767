package awl.model.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Small GGUF files for tests.
final class GgufWriter {

    private final Map<String, Object> metadata = new LinkedHashMap<>();
    private final Map<String, Block> tensors = new LinkedHashMap<>();

    private record Block(GgufType type, long[] shape, byte[] bytes) {}

    GgufWriter metadata(String key, Object value) {
        metadata.put(key, value);
        return this;
    }

    GgufWriter tensor(String name, GgufType type, byte[] bytes, long... shape) {
        tensors.put(name, new Block(type, shape, bytes));
        return this;
    }

    byte[] bytes() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        put(out, 4, 0x46554747);
        put(out, 4, 3);
        put(out, 8, tensors.size());
        put(out, 8, metadata.size());
        metadata.forEach((key, value) -> {
            string(out, key);
            put(out, 4, typeOf(value));
            value(out, value);
        });
        long offset = 0;
        for (Map.Entry<String, Block> entry : tensors.entrySet()) {
            Block block = entry.getValue();
            string(out, entry.getKey());
            put(out, 4, block.shape().length);
            for (int i = block.shape().length - 1; i >= 0; i--) {
                put(out, 8, block.shape()[i]);
            }
            put(out, 4, block.type().code());
            put(out, 8, offset);
            offset = (offset + block.bytes().length + 31) / 32 * 32;
        }
        for (Block block : tensors.values()) {
            out.writeBytes(new byte[(32 - out.size() % 32) % 32]);
            out.writeBytes(block.bytes());
        }
        return out.toByteArray();
    }

    private static int typeOf(Object value) {
        return switch (value) {
            case Integer i -> 4;
            case Float f -> 6;
            case Boolean b -> 7;
            case String s -> 8;
            case List<?> l -> 9;
            case Long l -> 10;
            default -> throw new IllegalArgumentException(value.toString());
        };
    }

    private static void value(ByteArrayOutputStream out, Object value) {
        switch (value) {
            case Integer i -> put(out, 4, i);
            case Float f -> put(out, 4, Float.floatToIntBits(f));
            case Boolean b -> out.write(b ? 1 : 0);
            case String s -> string(out, s);
            case Long l -> put(out, 8, l);
            case List<?> list -> {
                put(out, 4, list.isEmpty() ? 4 : typeOf(list.getFirst()));
                put(out, 8, list.size());
                list.forEach(each -> value(out, each));
            }
            default -> throw new IllegalArgumentException(value.toString());
        }
    }

    private static void string(ByteArrayOutputStream out, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        put(out, 8, bytes.length);
        out.writeBytes(bytes);
    }

    private static void put(ByteArrayOutputStream out, int width, long value) {
        out.write(
                ByteBuffer.allocate(8)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .putLong(value)
                        .array(),
                0,
                width);
    }
}
