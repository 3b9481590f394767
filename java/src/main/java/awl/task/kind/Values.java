package awl.task.kind;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The parameters of a question by name, in the order in which they were drawn: numbers (`Long` or
/// `Double`, exactly as they are written in the text) and words.
public record Values(Map<String, @Nullable Object> map) {

    private static final Pattern PLACE = Pattern.compile("\\{([a-z_A-Z0-9]+)}");

    public Values {
        map = Collections.unmodifiableMap(new LinkedHashMap<>(map));
    }

    /// @throws IllegalArgumentException where there is no number of that name
    public double at(String name) {
        if (map.get(name) instanceof Number number) {
            return number.doubleValue();
        }
        throw new IllegalArgumentException("there is no parameter '" + name + "'");
    }

    /// A whole number.
    public int whole(String name) {
        return (int) Math.rint(at(name));
    }

    /// A template with `{name}` filled in.
    ///
    /// @throws IllegalArgumentException where a name is unknown
    public String fill(String template) {
        Matcher place = PLACE.matcher(template);
        StringBuilder text = new StringBuilder();
        while (place.find()) {
            Object value = map.get(place.group(1));
            if (value == null) {
                throw new IllegalArgumentException("there is no parameter '" + place.group(1) + "'");
            }
            place.appendReplacement(text, Matcher.quoteReplacement(value.toString()));
        }
        place.appendTail(text);
        return text.toString();
    }

    /// With one number more.
    public Values and(String name, double value) {
        return with(Map.of(name, awl.tool.Numbers.plain(value)));
    }

    Values with(Map<String, ? extends @Nullable Object> more) {
        Map<String, @Nullable Object> all = new LinkedHashMap<>(map);
        all.putAll(more);
        return new Values(all);
    }
}
