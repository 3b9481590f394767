package awl.model.gguf;

import awl.CheckpointException;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The key-value part of a GGUF file, with questions that name file and key where the answer is not of the kind asked
/// for.
///
/// Values are `Long` (all integer types), `Float`, `Double`, `Boolean`, `String`, [GgufArray].
final class GgufMetadata {

    private final String file;
    private final Map<String, Object> values;

    GgufMetadata(String file, Map<String, Object> values) {
        this.file = file;
        this.values = values;
    }

    String file() {
        return file;
    }

    Set<String> keys() {
        return values.keySet();
    }

    boolean has(String key) {
        return values.containsKey(key);
    }

    @Nullable
    Object get(String key) {
        return values.get(key);
    }

    @Nullable
    String string(String key) {
        return switch (values.get(key)) {
            case null -> null;
            case String text -> text;
            case Object other -> throw wrong(key, "a string", other);
        };
    }

    String requireString(String key) {
        return present(key, string(key));
    }

    @Nullable
    Long integer(String key) {
        return switch (values.get(key)) {
            case null -> null;
            case Long number -> number;
            case Object other -> throw wrong(key, "an integer", other);
        };
    }

    /// A size: positive and within 31 bits.
    int requireSize(String key) {
        return size(key, present(key, integer(key)));
    }

    int size(String key, int fallback) {
        Long value = integer(key);
        return value == null ? fallback : size(key, value);
    }

    private int size(String key, long value) {
        if (value <= 0 || value > Integer.MAX_VALUE) {
            throw new CheckpointException(
                    "%s: %s must be a positive number, found %s".formatted(file, key, Long.toUnsignedString(value)));
        }
        return (int) value;
    }

    /// A number as it would be written: float32 1e-5 is 1.0E-5 here, not 9.999999747378752E-6.
    @Nullable
    Double number(String key) {
        return switch (values.get(key)) {
            case null -> null;
            case Float number -> Double.valueOf(Float.toString(number));
            case Double number -> number;
            case Long number -> number.doubleValue();
            case Object other -> throw wrong(key, "a number", other);
        };
    }

    double number(String key, double fallback) {
        Double value = number(key);
        return value == null ? fallback : value;
    }

    double requireNumber(String key) {
        return present(key, number(key));
    }

    boolean flag(String key, boolean fallback) {
        return switch (values.get(key)) {
            case null -> fallback;
            case Boolean flag -> flag;
            case Object other -> throw wrong(key, "true or false", other);
        };
    }

    @Nullable
    GgufArray array(String key) {
        return switch (values.get(key)) {
            case null -> null;
            case GgufArray array -> array;
            case Object other -> throw wrong(key, "an array", other);
        };
    }

    GgufArray requireArray(String key) {
        return present(key, array(key));
    }

    private <T> T present(String key, @Nullable T value) {
        if (value == null) {
            throw new CheckpointException(file + ": " + key + " is missing from the metadata");
        }
        return value;
    }

    private CheckpointException wrong(String key, String expected, Object found) {
        String kind = found instanceof GgufArray array
                ? "an array of " + array.type()
                : found.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT) + " " + found;
        return new CheckpointException("%s: %s must be %s, found %s".formatted(file, key, expected, kind));
    }
}
