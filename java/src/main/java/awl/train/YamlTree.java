package awl.train;

import awl.ConfigException;
import awl.data.Nearest;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLParser;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/// A YAML document that remembers on which line each key stands, so that an error can say so. Keys are written
/// `section.key`.
public final class YamlTree {

    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private static final YAMLFactory YAML = YAMLFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    private final String file;
    private final ObjectNode root;
    private final Map<String, String> places = new HashMap<>();

    private YamlTree(String file, JsonNode root, Map<String, String> places) {
        this.file = file;
        this.places.putAll(places);
        if (!(root instanceof ObjectNode object)) {
            throw new ConfigException(file + ": expected keys and values, found " + root.getNodeType());
        }
        this.root = object;
    }

    /// @param file name for messages
    public static YamlTree parse(String file, String text) {
        Map<String, String> places = new HashMap<>();
        return new YamlTree(file, read(file, text, places), places);
    }

    private static JsonNode read(String file, String text, Map<String, String> places) {
        try (YAMLParser parser = YAML.createParser(text)) {
            if (parser.nextToken() == null) {
                return NODES.objectNode();
            }
            JsonNode node = value(parser, file, "", places);
            if (parser.nextToken() != null) {
                throw new ConfigException(file + ": more than one document; keep what stands before the second ---");
            }
            return node;
        } catch (JsonProcessingException e) {
            String line = e.getLocation() == null ? "" : ":" + e.getLocation().getLineNr();
            throw new ConfigException(
                    file + line + ": not YAML: "
                            + e.getOriginalMessage().lines().findFirst().orElse(""),
                    e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static JsonNode value(YAMLParser parser, String file, String path, Map<String, String> places)
            throws IOException {
        places.putIfAbsent(path, file + ":" + parser.currentTokenLocation().getLineNr());
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                ObjectNode object = NODES.objectNode();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String key = parser.currentName();
                    String below = path.isEmpty() ? key : path + "." + key;
                    places.put(below, file + ":" + parser.currentTokenLocation().getLineNr());
                    parser.nextToken();
                    object.set(key, value(parser, file, below, places));
                }
                yield object;
            }
            case START_ARRAY -> {
                ArrayNode array = NODES.arrayNode();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(value(parser, file, path + "[" + array.size() + "]", places));
                }
                yield array;
            }
            case VALUE_NUMBER_INT -> {
                String written = parser.getText();
                if (written.matches("[-+]?0\\d+")) {
                    throw new ConfigException(
                            "%s: %s: %s would be an octal number in YAML 1.1; write it without the leading zero"
                                    .formatted(places.get(path), path, written));
                }
                yield NODES.numberNode(parser.getBigIntegerValue());
            }
            case VALUE_NUMBER_FLOAT -> number(parser.getText());
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NULL -> NODES.nullNode();
            default -> NODES.textNode(parser.getText());
        };
    }

    /// `.inf` and `.nan` stay text, so that the check of the key they stand at refuses them.
    private static JsonNode number(String written) {
        try {
            return NODES.numberNode(Double.parseDouble(written.replace("_", "")));
        } catch (NumberFormatException e) {
            return NODES.textNode(written);
        }
    }

    public ObjectNode root() {
        return root;
    }

    /// `file:line` of a key, or of the nearest section around it.
    public String place(String path) {
        String at = path;
        while (!places.containsKey(at) && at.lastIndexOf('.') >= 0) {
            at = at.substring(0, at.lastIndexOf('.'));
        }
        return places.getOrDefault(at, file);
    }

    /// An error at a key: *run.yaml:7: train.steps: ...*.
    public ConfigException wrong(String path, String message) {
        return new ConfigException(place(path) + ": " + path + ": " + message);
    }

    /// Sets one key from `section.key=value`; the value is read as YAML.
    public void set(String assignment) {
        int equals = assignment.indexOf('=');
        if (equals < 1) {
            throw new ConfigException("--set " + assignment + ": expected key=value, for instance train.steps=100");
        }
        String path = assignment.substring(0, equals).strip();
        String origin = "--set " + path;
        JsonNode value = read(origin, assignment.substring(equals + 1), new HashMap<>());
        String[] keys = path.split("\\.", -1);
        ObjectNode at = root;
        for (int i = 0; i < keys.length - 1; i++) {
            JsonNode below = at.get(keys[i]);
            if (below == null || below.isNull()) {
                below = at.putObject(keys[i]);
            }
            if (!(below instanceof ObjectNode section)) {
                throw new ConfigException(origin + ": " + keys[i] + " is a value, not a section");
            }
            at = section;
        }
        at.set(keys[keys.length - 1], value);
        places.keySet().removeIf(key -> key.startsWith(path + ".") || key.startsWith(path + "["));
        places.put(path, origin);
    }

    /// Fills in what is not there.
    public void addDefaults(ObjectNode defaults) {
        merge(root, defaults);
    }

    private static void merge(ObjectNode into, ObjectNode defaults) {
        for (Map.Entry<String, JsonNode> entry : defaults.properties()) {
            JsonNode present = into.get(entry.getKey());
            if (present instanceof ObjectNode section && entry.getValue() instanceof ObjectNode below) {
                merge(section, below);
            } else if (present == null || present.isNull()) {
                into.set(entry.getKey(), entry.getValue().deepCopy());
            }
        }
    }

    /// Refuses keys that are not in the schema and names the one that was probably meant.
    ///
    /// @param schema allowed keys by section, `""` for the top
    public void requireKnown(Map<String, Set<String>> schema) {
        requireKnown("", root, schema);
    }

    private void requireKnown(String section, ObjectNode node, Map<String, Set<String>> schema) {
        Set<String> known = schema.getOrDefault(section, Set.of());
        for (Map.Entry<String, JsonNode> entry : node.properties()) {
            String path = section.isEmpty() ? entry.getKey() : section + "." + entry.getKey();
            if (!known.contains(entry.getKey())) {
                throw wrong(path, "unknown key; did you mean " + meant(section, entry.getKey(), schema) + "?");
            }
            if (schema.containsKey(path) && !entry.getValue().isNull()) {
                if (!(entry.getValue() instanceof ObjectNode below)) {
                    throw wrong(path, "expected a section with " + String.join(", ", new TreeSet<>(schema.get(path))));
                }
                requireKnown(path, below, schema);
            }
        }
    }

    /// A key of that name in another section, else the most similar one in this section.
    private static String meant(String section, String key, Map<String, Set<String>> schema) {
        if (key.equals("learning_rate") || key.equals("rate")) {
            return "optimizer.lr"; // what the field calls it; no letters in common
        }
        for (Map.Entry<String, Set<String>> other : new java.util.TreeMap<>(schema).entrySet()) {
            if (other.getValue().contains(key) && !other.getKey().isEmpty()) {
                return other.getKey() + "." + key;
            }
        }
        return (section.isEmpty() ? "" : section + ".") + Nearest.of(key, schema.getOrDefault(section, Set.of()));
    }
}
