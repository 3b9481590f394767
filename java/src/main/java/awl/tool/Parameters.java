package awl.tool;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Writes the JSON schema of a tool's arguments, in a fixed order: prompts hold it, so it must not change from run to
/// run as the order of a `Map.of` does. Other arguments than those named are refused.
public final class Parameters {

    private final Map<String, @Nullable Object> properties = new LinkedHashMap<>();
    private final List<String> required = new ArrayList<>();

    /// A text that is one of these.
    public Parameters choice(String name, String description, List<String> values) {
        return property(name, described("string", description, "enum", List.copyOf(values)));
    }

    public Parameters text(String name, String description) {
        return property(name, described("string", description));
    }

    /// A number in `[least, most]`.
    public Parameters number(String name, String description, double least, double most) {
        return property(name, described("number", description, "minimum", plain(least), "maximum", plain(most)));
    }

    /// A whole number in `[least, most]`.
    public Parameters integer(String name, String description, long least, long most) {
        return property(name, described("integer", description, "minimum", least, "maximum", most));
    }

    /// Says that the last property must be there.
    public Parameters required() {
        required.add(properties.keySet().stream().toList().getLast());
        return this;
    }

    /// The schema.
    public Map<String, @Nullable Object> schema() {
        Map<String, @Nullable Object> schema = new LinkedHashMap<>();
        schema.put("type", "object");
        schema.put("properties", properties);
        schema.put("required", List.copyOf(required));
        schema.put("additionalProperties", false);
        return schema;
    }

    private Parameters property(String name, Map<String, @Nullable Object> property) {
        properties.put(name, property);
        return this;
    }

    private static Map<String, @Nullable Object> described(String type, String description, Object... more) {
        Map<String, @Nullable Object> property = new LinkedHashMap<>();
        property.put("type", type);
        property.put("description", description);
        for (int i = 0; i < more.length; i += 2) {
            property.put((String) more[i], more[i + 1]);
        }
        return property;
    }

    /// 5 rather than 5.0, for people and models read the schema.
    private static Object plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? (Object) (long) value : (Object) value;
    }
}
