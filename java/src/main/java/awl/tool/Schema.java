package awl.tool;

import awl.Json;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Checks arguments against the part of JSON Schema that tools need: `type` (one or a list), `enum`, `properties`,
/// `required`, `additionalProperties: false`, `items`, `minItems`, `maxItems`, `minLength`, `maxLength`, `minimum`,
/// `maximum`, `exclusiveMinimum`, `exclusiveMaximum`.
///
/// Every complaint names the argument, what was expected and what was found. Numbers are never made from strings:
/// a model that is trained here should learn the right form.
public final class Schema {

    /// Complaints beyond this many help nobody.
    private static final int MOST = 5;

    private final List<String> problems = new ArrayList<>();

    private Schema() {}

    /// @return what is wrong, in the order of the arguments; empty where nothing is
    public static List<String> problems(Map<String, @Nullable Object> schema, @Nullable Object value) {
        Schema check = new Schema();
        check.value(schema, value, "");
        return check.problems.subList(0, Math.min(MOST, check.problems.size()));
    }

    private void value(Map<?, ?> schema, @Nullable Object value, String at) {
        if (!ofType(schema.get("type"), value)) {
            add(at, "expected " + article(schema.get("type")), value);
            return;
        }
        if (schema.get("enum") instanceof List<?> allowed && !allowed.contains(value)) {
            String nearest = value instanceof String text
                    ? Names.nearest(text, allowed.stream().map(String::valueOf).toList())
                    : null;
            add(
                    at,
                    "expected one of " + Json.write(allowed),
                    value,
                    nearest == null ? "" : "; did you mean \"" + nearest + "\"?");
            return;
        }
        switch (value) {
            case Map<?, ?> object -> object(schema, object, at);
            case List<?> list -> list(schema, list, at);
            case String text -> length(schema, text.codePointCount(0, text.length()), "Length", "characters", at);
            case Number number -> range(schema, number, at);
            case null, default -> {}
        }
    }

    private void object(Map<?, ?> schema, Map<?, ?> object, String at) {
        Map<?, ?> properties = schema.get("properties") instanceof Map<?, ?> map ? map : Map.of();
        if (schema.get("required") instanceof List<?> required) {
            for (Object name : required) {
                if (!object.containsKey(name)) {
                    Object type = properties.get(name) instanceof Map<?, ?> property ? property.get("type") : null;
                    problems.add("argument '" + join(at, name) + "' is missing"
                            + (type == null ? "" : " (" + article(type) + ")"));
                }
            }
        }
        object.forEach((name, inner) -> {
            if (properties.get(name) instanceof Map<?, ?> property) {
                value(property, inner, join(at, name));
            } else if (Boolean.FALSE.equals(schema.get("additionalProperties"))) {
                List<String> known =
                        properties.keySet().stream().map(String::valueOf).toList();
                problems.add("there is no argument '" + join(at, name) + "'; known: " + String.join(", ", known));
            }
        });
    }

    private void list(Map<?, ?> schema, List<?> list, String at) {
        length(schema, list.size(), "Items", "items", at);
        if (schema.get("items") instanceof Map<?, ?> item) {
            for (int i = 0; i < list.size() && problems.size() < MOST; i++) {
                value(item, list.get(i), at + "[" + i + "]");
            }
        }
    }

    private void length(Map<?, ?> schema, int length, String what, String unit, String at) {
        if (schema.get("min" + what) instanceof Number least && length < least.intValue()) {
            problems.add("argument '%s': expected at least %s %s, found %d".formatted(at, least, unit, length));
        }
        if (schema.get("max" + what) instanceof Number most && length > most.intValue()) {
            problems.add("argument '%s': expected at most %s %s, found %d".formatted(at, most, unit, length));
        }
    }

    private void range(Map<?, ?> schema, Number number, String at) {
        double value = number.doubleValue();
        if (!Double.isFinite(value)) {
            add(at, "expected a finite number", number);
        } else if (schema.get("minimum") instanceof Number least && value < least.doubleValue()) {
            add(at, "expected at least " + least, number);
        } else if (schema.get("maximum") instanceof Number most && value > most.doubleValue()) {
            add(at, "expected at most " + most, number);
        } else if (schema.get("exclusiveMinimum") instanceof Number below && value <= below.doubleValue()) {
            add(at, "expected more than " + below, number);
        } else if (schema.get("exclusiveMaximum") instanceof Number above && value >= above.doubleValue()) {
            add(at, "expected less than " + above, number);
        }
    }

    private static boolean ofType(@Nullable Object type, @Nullable Object value) {
        return switch (type) {
            case null -> true;
            case List<?> any -> any.stream().anyMatch(each -> ofType(each, value));
            case String name ->
                switch (name) {
                    case "object" -> value instanceof Map<?, ?>;
                    case "array" -> value instanceof List<?>;
                    case "string" -> value instanceof String;
                    case "boolean" -> value instanceof Boolean;
                    case "null" -> value == null;
                    case "number" -> value instanceof Number;
                    // 3.0 is an integer in JSON Schema.
                    case "integer" ->
                        value instanceof Integer
                                || value instanceof Long
                                || value instanceof BigInteger
                                || (value instanceof Double number && number == Math.rint(number));
                    default -> true;
                };
            default -> true;
        };
    }

    private static String article(@Nullable Object type) {
        String name = type instanceof List<?> any
                ? String.join(" or ", any.stream().map(String::valueOf).toList())
                : String.valueOf(type);
        return ("aeiou".indexOf(name.charAt(0)) >= 0 ? "an " : "a ") + name;
    }

    private static String join(String at, Object name) {
        return at.isEmpty() ? String.valueOf(name) : at + "." + name;
    }

    private void add(String at, String expected, @Nullable Object found) {
        add(at, expected, found, "");
    }

    private void add(String at, String expected, @Nullable Object found, String hint) {
        String where = at.isEmpty() ? "the arguments" : "argument '" + at + "'";
        problems.add(where + ": " + expected + ", found " + Json.kind(found) + hint);
    }
}
