package awl.chat;

import awl.DataException;
import awl.Json;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A tool as a model is told of it.
///
/// @param json the specification whole, as templates see it: `{"type": "function", "function": {"name",
///     "description", "parameters"}}` with a JSON schema for the parameters, or the bare function object
///     that some data sets hold
public record ToolSpec(Map<String, @Nullable Object> json) {

    public ToolSpec {
        json = Collections.unmodifiableMap(new LinkedHashMap<>(json));
        named(json, "tool");
    }

    /// A tool in the usual form.
    ///
    /// @param parameters JSON schema of the arguments, `{"type": "object", "properties": ...}`
    public static ToolSpec of(String name, String description, Map<String, ? extends @Nullable Object> parameters) {
        Map<String, @Nullable Object> function = new LinkedHashMap<>();
        function.put("name", name);
        function.put("description", description);
        function.put("parameters", parameters);
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("type", "function");
        json.put("function", function);
        return new ToolSpec(json);
    }

    /// @param field what errors call the value, `tools[0]` for example
    static ToolSpec read(@Nullable Object value, String field) {
        Map<String, @Nullable Object> json = Json.asObject(value, field);
        named(json, field);
        return new ToolSpec(json);
    }

    public String name() {
        return (String) java.util.Objects.requireNonNull(function(json).get("name"));
    }

    /// What the tool does; empty where nothing is said.
    public String description() {
        return function(json).get("description") instanceof String text ? text : "";
    }

    /// JSON schema of the arguments; empty where none is given.
    public Map<String, @Nullable Object> parameters() {
        return function(json).get("parameters") instanceof Map<?, ?> schema
                ? Json.asObject(schema, "parameters")
                : Map.of();
    }

    private static Map<String, @Nullable Object> function(Map<String, @Nullable Object> json) {
        return json.get("function") instanceof Map<?, ?> inner ? Json.asObject(inner, "function") : json;
    }

    private static void named(Map<String, @Nullable Object> json, String field) {
        if (!(function(json).get("name") instanceof String name) || name.isBlank()) {
            String inner = json.containsKey("function") ? ".function.name" : ".name";
            throw new DataException(field + inner + ": expected the tool's name, found "
                    + Json.kind(function(json).get("name")));
        }
    }
}
