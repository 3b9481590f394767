package awl.chat;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A call that an assistant turn asks for. A call that cannot be read is a value too: models err, and what
/// happens then is for the agent loop to decide.
public sealed interface ToolCall {

    /// A call that can be run.
    ///
    /// @param id what the reply refers to; null where the format has none
    /// @param arguments by name, in the order written
    record Parsed(@Nullable String id, String name, Map<String, @Nullable Object> arguments) implements ToolCall {

        public Parsed {
            arguments = Collections.unmodifiableMap(new LinkedHashMap<>(arguments));
        }

        public Parsed(String name, Map<String, ? extends @Nullable Object> arguments) {
            this(null, name, new LinkedHashMap<>(arguments));
        }

        /// The call as OpenAI's messages hold it, with the arguments as an object.
        public Map<String, @Nullable Object> json() {
            Map<String, @Nullable Object> function = new LinkedHashMap<>();
            function.put("name", name);
            function.put("arguments", arguments);
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            if (id != null) {
                json.put("id", id);
            }
            json.put("type", "function");
            json.put("function", function);
            return json;
        }
    }

    /// Text that was meant as a call but is none.
    ///
    /// @param text as the model wrote it
    /// @param reason what is wrong with it
    record Malformed(String text, String reason) implements ToolCall {}
}
