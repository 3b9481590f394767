package awl.data;

import awl.ConfigException;
import awl.DataException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// One line of a data file: a JSON object, and where it stands.
///
/// @param file name as the user gave it
/// @param number counted from 1
/// @param branch prefix of field names in messages (`chosen.`), for an object inside the line's; else empty
record DataLine(String file, int number, JsonNode row, String branch) {

    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// All lines of a file that are not blank.
    static List<DataLine> all(Path file) {
        String name = file.toString();
        List<String> lines = lines(file);
        List<DataLine> rows = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                rows.add(new DataLine(name, i + 1, parse(name, i + 1, lines.get(i)), ""));
            }
        }
        return rows;
    }

    private static List<String> lines(Path file) {
        try {
            List<String> lines = Files.readAllLines(file);
            if (!lines.isEmpty() && lines.getFirst().startsWith("\uFEFF")) {
                lines.set(0, lines.getFirst().substring(1));
            }
            return lines;
        } catch (NoSuchFileException e) {
            throw new ConfigException(file + ": no such data file", e);
        } catch (CharacterCodingException e) {
            throw new DataException(file + ": is not UTF-8; convert it (iconv -t UTF-8)", e);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static JsonNode parse(String file, int number, String text) {
        try {
            JsonNode row = JSON.readTree(text);
            if (row == null || !row.isObject()) {
                throw DataException.at(file, number, "expected a JSON object, found " + kind(row));
            }
            return row;
        } catch (JsonProcessingException e) {
            long column = e.getLocation() == null ? 0 : e.getLocation().getColumnNr();
            throw DataException.at(file, number, "not JSON: %s (column %d)".formatted(e.getOriginalMessage(), column));
        }
    }

    /// The same place, looking at a part of the object.
    DataLine part(String name, JsonNode inside) {
        return new DataLine(file, number, inside, name + ".");
    }

    /// `file:line`, for messages.
    String where() {
        return file + ":" + number;
    }

    /// @param message starts with the field's name
    DataException wrong(String message) {
        return DataException.at(file, number, branch + message);
    }

    /// Refuses fields that look like misspelt ones and counts the others that are not known.
    void checkFields(Set<String> known, TreeMap<String, Integer> unused) {
        row.fieldNames().forEachRemaining(field -> {
            if (known.contains(field)) {
                return;
            }
            Nearest.to(field, known).ifPresent(meant -> {
                throw wrong("unknown field \"%s\"; did you mean \"%s\"?".formatted(field, meant));
            });
            unused.merge(field, 1, Integer::sum);
        });
    }

    static List<String> unusedNotes(String file, TreeMap<String, Integer> unused) {
        List<String> notes = new ArrayList<>();
        unused.forEach(
                (field, count) -> notes.add("%s: field \"%s\" of %d rows is not used".formatted(file, field, count)));
        return notes;
    }

    /// The row's `id`, else `file:line`.
    String id() {
        JsonNode node = row.path("id");
        if (!node.isMissingNode() && !node.isTextual() && !node.isIntegralNumber()) {
            throw wrong("id: expected a string or an integer, found " + kind(node));
        }
        return node.isMissingNode() ? where() : node.asText();
    }

    /// A field that is a finite number of at least 0; 1 where it is missing.
    double weight(String field) {
        JsonNode node = row.get(field);
        if (node == null) {
            return 1;
        }
        if (!node.isNumber() || !Double.isFinite(node.doubleValue()) || node.doubleValue() < 0) {
            throw wrong(field + ": expected a finite number of at least 0, found " + node);
        }
        return node.doubleValue();
    }

    /// A field that is a string.
    String text(String field) {
        JsonNode node = row.path(field);
        if (!node.isTextual()) {
            throw wrong(field + ": expected a string, found " + kind(node));
        }
        return node.textValue();
    }

    /// What a value is, in words.
    static String kind(@Nullable JsonNode node) {
        if (node == null || node.isMissingNode()) {
            return "nothing";
        }
        if (node.isContainerNode() && node.isEmpty()) {
            return "an empty " + (node.isArray() ? "array" : "object");
        }
        return switch (node.getNodeType()) {
            case ARRAY -> "an array";
            case OBJECT -> "an object";
            case STRING -> "a string";
            case NUMBER -> "the number " + node;
            default -> node.toString();
        };
    }
}
