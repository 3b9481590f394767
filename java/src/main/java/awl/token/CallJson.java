package awl.token;

import awl.DataException;
import awl.Json;
import awl.chat.ToolCall;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// A call as a JSON object, the part that the call formats share.
final class CallJson {

    private CallJson() {}

    /// Reads one call.
    ///
    /// @param nameKey key of the tool's name
    /// @param argumentKeys keys under which the arguments may stand, the first that is there counts
    static ToolCall read(String text, String nameKey, String... argumentKeys) {
        Object value;
        try {
            value = Json.parse(text, "call");
        } catch (DataException e) {
            return new ToolCall.Malformed(text, Objects.requireNonNullElse(e.getMessage(), "not JSON"));
        }
        return of(value, text, nameKey, argumentKeys);
    }

    static ToolCall of(@Nullable Object value, String text, String nameKey, String... argumentKeys) {
        if (!(value instanceof Map<?, ?> call)) {
            return new ToolCall.Malformed(text, "expected an object, found " + Json.kind(value));
        }
        if (!(call.get(nameKey) instanceof String name) || name.isBlank()) {
            return new ToolCall.Malformed(
                    text, "%s: expected the tool's name, found %s".formatted(nameKey, Json.kind(call.get(nameKey))));
        }
        String id = call.get("id") instanceof String given ? given : null;
        for (String key : argumentKeys) {
            if (call.containsKey(key)) {
                return arguments(id, name, call.get(key), text, key);
            }
        }
        return new ToolCall.Malformed(text, argumentKeys[0] + ": expected an object, found nothing");
    }

    /// OpenAI writes the object as a string, and models that saw such data may do so.
    static ToolCall arguments(@Nullable String id, String name, @Nullable Object arguments, String text, String key) {
        try {
            Object value = arguments instanceof String inner ? Json.parse(inner, key) : arguments;
            return new ToolCall.Parsed(id, name, Json.asObject(value, key));
        } catch (DataException e) {
            return new ToolCall.Malformed(text, Objects.requireNonNullElse(e.getMessage(), key));
        }
    }

    /// End of the JSON object or array that starts at `from`, or -1 where it is never closed.
    static int end(String text, int from) {
        int depth = 0;
        boolean quoted = false;
        for (int i = from; i < text.length(); i++) {
            char c = text.charAt(i);
            if (quoted) {
                if (c == '\\') {
                    i++;
                } else if (c == '"') {
                    quoted = false;
                }
                continue;
            }
            switch (c) {
                case '"' -> quoted = true;
                case '{', '[' -> depth++;
                case '}', ']' -> {
                    if (--depth == 0) {
                        return i + 1;
                    }
                }
                default -> {}
            }
        }
        return -1;
    }
}
