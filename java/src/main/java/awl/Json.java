package awl;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Strict JSON as plain values: maps in the order of the text, lists, strings, `Long` or `BigInteger`,
/// `Double`, booleans, null.
///
/// A key that stands twice in an object is an error, and so are text behind the value, `NaN` and nesting
/// deeper than [#MAX_DEPTH]; the work done before such an error is bounded by the length of the text.
public final class Json {

    /// Deepest nesting that is read or written.
    public static final int MAX_DEPTH = 256;

    private static final JsonMapper MAPPER = mapper();

    private Json() {}

    private static JsonMapper mapper() {
        JsonMapper mapper = JsonMapper.builder()
                .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                .build();
        // Names are not kept in a symbol table: a hostile file would fill it.
        mapper.getFactory().configure(com.fasterxml.jackson.core.JsonFactory.Feature.INTERN_FIELD_NAMES, false);
        mapper.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .maxStringLength(Integer.MAX_VALUE)
                        .maxNumberLength(1000)
                        .build());
        mapper.getFactory()
                .setStreamWriteConstraints(StreamWriteConstraints.builder()
                        .maxNestingDepth(MAX_DEPTH)
                        .build());
        return mapper;
    }

    /// Reads one value.
    ///
    /// @param where what messages start with: a file, or `file:line`
    /// @throws DataException where the text is not one JSON value, with the column
    public static @Nullable Object parse(String text, String where) {
        if (text.isBlank()) {
            throw new DataException(where + ": expected a JSON value, found nothing");
        }
        try (JsonParser parser = parser(text)) {
            parser.nextToken();
            Object value = value(parser);
            if (parser.nextToken() != null) {
                throw new DataException("%s: not JSON: more stands behind the value (column %d)"
                        .formatted(where, parser.currentTokenLocation().getColumnNr()));
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new DataException(where + ": not JSON: " + reason(e), e);
        } catch (IOException e) {
            throw new DataException(where + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /// The value at which a parser of [#parser] stands; the parser is left at its last token.
    public static @Nullable Object value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, @Nullable Object> map = new LinkedHashMap<>();
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String name = parser.currentName();
                    parser.nextToken();
                    map.put(name, value(parser));
                }
                yield map;
            }
            case START_ARRAY -> {
                List<@Nullable Object> list = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value(parser));
                }
                yield list;
            }
            case VALUE_STRING -> parser.getText();
            case VALUE_NUMBER_INT -> {
                if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
                    yield parser.getBigIntegerValue();
                }
                yield parser.getLongValue();
            }
            case VALUE_NUMBER_FLOAT -> parser.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case null, default -> throw new DataException("not JSON: expected a value, found the end");
        };
    }

    /// Reads one object.
    public static Map<String, @Nullable Object> object(String text, String where) {
        Object value = parse(text, where);
        if (value instanceof Map<?, ?>) {
            return castToObject(value);
        }
        throw new DataException(where + ": expected a JSON object, found " + kind(value));
    }

    /// Reads one object as a Jackson tree.
    ///
    /// @throws CheckpointException where the bytes are not one JSON object, with line and column
    public static JsonNode tree(byte[] json, String where) {
        try (JsonParser parser = MAPPER.createParser(json)) {
            JsonNode node = MAPPER.readTree(parser);
            if (node == null || !node.isObject()) {
                throw new CheckpointException(where + ": expected a JSON object");
            }
            if (parser.nextToken() != null) {
                throw new CheckpointException(where + ": not JSON: text behind the object");
            }
            return node;
        } catch (JsonProcessingException e) {
            int line = e.getLocation() == null ? 1 : e.getLocation().getLineNr();
            throw new CheckpointException(where + ":" + line + ": not JSON: " + reason(e), e);
        } catch (IOException e) {
            throw new CheckpointException(where + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /// Reads a file that holds one object, as a Jackson tree.
    ///
    /// @param limit largest size in bytes that is accepted
    public static JsonNode tree(Path file, long limit) {
        try {
            long size = Files.size(file);
            if (size > limit) {
                throw new CheckpointException("%s: %d bytes; at most %d are read".formatted(file, size, limit));
            }
            return tree(Files.readAllBytes(file), file.toString());
        } catch (NoSuchFileException e) {
            throw new CheckpointException(file + ": no such file", e);
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    /// The same values from a Jackson tree.
    public static @Nullable Object plain(JsonNode node) {
        try (JsonParser parser = MAPPER.treeAsTokens(node)) {
            parser.nextToken();
            return value(parser);
        } catch (IOException e) {
            throw new DataException("not JSON: " + e.getMessage(), e);
        }
    }

    /// Writes a value on one line; characters beyond ASCII stand as they are.
    public static String write(@Nullable Object value) {
        try {
            return MAPPER.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new DataException("cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    /// Writes a value over many lines, indented by two, as files that people read have it.
    public static String writeIndented(@Nullable Object value) {
        try {
            return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new DataException("cannot be written as JSON: " + e.getOriginalMessage(), e);
        }
    }

    /// Writes a value with a blank behind each colon and comma, as Python's `json.dumps` does.
    public static String writeSpaced(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        spaced(value, out, 0);
        return out.toString();
    }

    private static void spaced(@Nullable Object value, StringBuilder out, int depth) {
        if (depth > MAX_DEPTH) {
            throw new DataException("cannot be written as JSON: nested deeper than " + MAX_DEPTH);
        }
        switch (value) {
            case Map<?, ?> map -> {
                String between = "";
                out.append('{');
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    out.append(between)
                            .append(write(String.valueOf(entry.getKey())))
                            .append(": ");
                    spaced(entry.getValue(), out, depth + 1);
                    between = ", ";
                }
                out.append('}');
            }
            case List<?> list -> {
                String between = "";
                out.append('[');
                for (Object item : list) {
                    out.append(between);
                    spaced(item, out, depth + 1);
                    between = ", ";
                }
                out.append(']');
            }
            case null, default -> out.append(write(value));
        }
    }

    /// A generator with this class's limits, for large values written piece by piece.
    public static JsonGenerator generator(java.io.Writer to) throws IOException {
        return MAPPER.getFactory().createGenerator(to);
    }

    /// A parser with this class's limits, for large files of which little is wanted.
    public static JsonParser parser(String text) throws IOException {
        return MAPPER.getFactory().createParser(text);
    }

    /// The same over bytes, whose offsets it then tells.
    public static com.fasterxml.jackson.core.JsonParser parser(byte[] text) throws java.io.IOException {
        return MAPPER.getFactory().createParser(text);
    }

    /// What a value is, for messages: *a string*, *the number 3*.
    public static String kind(@Nullable Object value) {
        return switch (value) {
            case null -> "null";
            case String text -> text.length() <= 40 ? "the string " + write(text) : "a string";
            case Number number -> "the number " + number;
            case Boolean flag -> flag.toString();
            case List<?> list -> list.isEmpty() ? "an empty array" : "an array";
            case Map<?, ?> map -> map.isEmpty() ? "an empty object" : "an object";
            default -> value.getClass().getSimpleName();
        };
    }

    /// A map whose keys are known to be strings, as everything read here has.
    @SuppressWarnings("unchecked")
    static Map<String, @Nullable Object> castToObject(Object value) {
        return (Map<String, @Nullable Object>) value;
    }

    /// The value as an object, or an error that names the field.
    public static Map<String, @Nullable Object> asObject(@Nullable Object value, String field) {
        if (value instanceof Map<?, ?> map) {
            for (Object key : map.keySet()) {
                if (!(key instanceof String)) {
                    throw new DataException(field + ": expected string keys, found " + key);
                }
            }
            return castToObject(map);
        }
        throw new DataException(field + ": expected an object, found " + kind(value));
    }

    /// A shallow copy that keeps the order and may hold nulls.
    public static Map<String, @Nullable Object> copy(Map<String, ? extends @Nullable Object> map) {
        return new LinkedHashMap<>(map);
    }

    private static String reason(JsonProcessingException e) {
        String message = e.getOriginalMessage();
        int source = message.indexOf(" (start marker at");
        String first = source > 0 ? message.substring(0, source) : message;
        return e.getLocation() == null
                ? first
                : first + " (column " + e.getLocation().getColumnNr() + ")";
    }
}
