package awl.train;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Configuration files as records: a record says which keys there are, a YAML file gives them values.
public final class YamlRecords {

    static final JsonMapper BIND = JsonMapper.builder()
            .enable(DeserializationFeature.ACCEPT_SINGLE_VALUE_AS_ARRAY)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .build();

    private static final YAMLMapper WRITE = YAMLMapper.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
            .build();

    private YamlRecords() {}

    /// A value as YAML.
    public static String write(Object value) {
        try {
            return WRITE.writeValueAsString(value);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /// As a flat map `section.key` to value, for comparing two runs.
    public static Map<String, JsonNode> flat(Record config) {
        Map<String, JsonNode> flat = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> section :
                BIND.<ObjectNode>valueToTree(config).properties()) {
            if (section.getValue() instanceof ObjectNode object) {
                object.properties().forEach(e -> flat.put(section.getKey() + "." + e.getKey(), e.getValue()));
            } else {
                flat.put(section.getKey(), section.getValue());
            }
        }
        return flat;
    }

    /// A key with another value than before; null where it had none, or has none now.
    public record Change(
            String key, @Nullable JsonNode before, @Nullable JsonNode now) {}

    /// The keys of two records that differ, in alphabetical order, as [#flat] has them.
    public static List<Change> changes(Record before, Record now) {
        Map<String, JsonNode> old = flat(before);
        Map<String, JsonNode> given = flat(now);
        Set<String> keys = new TreeSet<>(old.keySet());
        keys.addAll(given.keySet());
        return keys.stream()
                .map(key -> new Change(key, old.get(key), given.get(key)))
                .filter(each -> !Objects.equals(each.before, each.now))
                .toList();
    }

    /// Keys by section, `""` for the top, `a.b` for a section in a section.
    public static Map<String, Set<String>> schema(Class<? extends Record> type) {
        Map<String, Set<String>> schema = new LinkedHashMap<>();
        addSchema("", type, schema);
        return schema;
    }

    private static void addSchema(String section, Class<?> type, Map<String, Set<String>> schema) {
        schema.put(section, names(type));
        for (RecordComponent component : type.getRecordComponents()) {
            if (component.getType().isRecord()) {
                String below = section.isEmpty() ? name(component) : section + "." + name(component);
                addSchema(below, component.getType(), schema);
            }
        }
    }

    private static Set<String> names(Class<?> type) {
        return Arrays.stream(type.getRecordComponents()).map(YamlRecords::name).collect(Collectors.toSet());
    }

    private static String name(RecordComponent component) {
        JsonProperty named = component.getAccessor().getAnnotation(JsonProperty.class);
        return named == null ? component.getName() : named.value();
    }

    /// @throws awl.ConfigException where a value is of another kind, with its place
    public static <T extends Record> T bind(YamlTree tree, Class<T> type) {
        try {
            return BIND.treeToValue(tree.root(), type);
        } catch (JsonMappingException e) {
            String path = path(e);
            JsonNode found = tree.root().at("/" + path.replace('.', '/').replaceAll("\\[(\\d+)]", "/$1"));
            throw tree.wrong(path, "expected %s, found %s".formatted(expected(e), found));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String path(JsonMappingException e) {
        StringBuilder path = new StringBuilder();
        for (JsonMappingException.Reference reference : e.getPath()) {
            if (reference.getFieldName() == null) {
                path.append('[').append(reference.getIndex()).append(']');
            } else {
                path.append(path.isEmpty() ? "" : ".").append(reference.getFieldName());
            }
        }
        return path.toString();
    }

    private static String expected(JsonMappingException e) {
        Class<?> type = e instanceof MismatchedInputException mismatch ? mismatch.getTargetType() : null;
        if (type == null) {
            return "another value (" + e.getOriginalMessage() + ")";
        }
        if (type.isEnum()) {
            return "one of "
                    + Arrays.stream(type.getEnumConstants())
                            .map(c -> ((Enum<?>) c).name().toLowerCase(Locale.ROOT))
                            .collect(Collectors.joining(", "));
        }
        return switch (type.getSimpleName()) {
            case "int", "long", "Integer", "Long" -> "a whole number";
            case "double", "Double" -> "a number";
            case "boolean", "Boolean" -> "true or false";
            case "String" -> "text";
            default -> "a list";
        };
    }

    /// Defaults from `awl/runs/NAME` on the class path.
    public static ObjectNode resource(String name) {
        return YamlTree.parse(name, resourceText(name)).root();
    }

    /// Text of a file that ships with the engine, by its name in `awl/runs`.
    public static String resourceText(String name) {
        try (InputStream in = YamlRecords.class.getResourceAsStream("/awl/runs/" + name)) {
            if (in == null) {
                throw new IllegalStateException("resource awl/runs/" + name + " is missing from the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
