package awl.chat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One turn of a conversation.
///
/// Each kind keeps the message's whole JSON, fields this engine does not know included, for that is what
/// chat templates read. The typed views beside it are made from it.
public sealed interface Message {

    /// The message as templates see it: `role`, `content` and whatever else it came with.
    Map<String, @Nullable Object> json();

    /// The role as it is written: `developer` counts as system, `ipython` as a tool's reply.
    default String role() {
        return json().get("role") instanceof String role ? role : "";
    }

    /// The text: `content`, or the texts of its parts end to end; empty where there is none.
    default String text() {
        return switch (json().get("content")) {
            case String text -> text;
            case List<?> parts -> {
                StringBuilder text = new StringBuilder();
                for (Object part : parts) {
                    if (part instanceof Map<?, ?> map && map.get("text") instanceof String piece) {
                        text.append(piece);
                    }
                }
                yield text.toString();
            }
            case null, default -> "";
        };
    }

    /// Instructions: what the model is and may do.
    record System(Map<String, @Nullable Object> json) implements Message {
        public System {
            json = Collections.unmodifiableMap(new LinkedHashMap<>(json));
        }
    }

    /// What the model is asked.
    record User(Map<String, @Nullable Object> json) implements Message {
        public User {
            json = Collections.unmodifiableMap(new LinkedHashMap<>(json));
        }
    }

    /// What the model wrote: text, calls, or both.
    ///
    /// @param calls calls in the order written; those read from `tool_calls` are parsed or malformed by
    ///     themselves
    record Assistant(Map<String, @Nullable Object> json, List<ToolCall> calls) implements Message {
        public Assistant {
            json = Collections.unmodifiableMap(new LinkedHashMap<>(json));
            calls = List.copyOf(calls);
        }
    }

    /// What a tool answered.
    record ToolReply(Map<String, @Nullable Object> json) implements Message {
        public ToolReply {
            json = Collections.unmodifiableMap(new LinkedHashMap<>(json));
        }

        /// Id of the call it answers; empty where it names none.
        public String callId() {
            return json.get("tool_call_id") instanceof String id ? id : "";
        }

        /// Name of the tool; empty where it names none.
        public String name() {
            return json.get("name") instanceof String name ? name : "";
        }
    }

    static System system(String text) {
        return new System(plain("system", text));
    }

    static User user(String text) {
        return new User(plain("user", text));
    }

    static Assistant assistant(String text) {
        return new Assistant(plain("assistant", text), List.of());
    }

    /// An assistant turn with calls. A malformed call has no place in `tool_calls`: its text belongs to
    /// `text`.
    static Assistant assistant(String text, List<? extends ToolCall> calls) {
        Map<String, @Nullable Object> json = plain("assistant", text);
        List<Object> written = new ArrayList<>();
        for (ToolCall call : calls) {
            if (call instanceof ToolCall.Parsed parsed) {
                written.add(parsed.json());
            }
        }
        if (!written.isEmpty()) {
            json.put("tool_calls", written);
        }
        return new Assistant(json, List.copyOf(calls));
    }

    /// A tool's reply to a call.
    static ToolReply reply(ToolCall.Parsed call, String text) {
        Map<String, @Nullable Object> json = plain("tool", text);
        json.put("name", call.name());
        if (call.id() != null) {
            json.put("tool_call_id", call.id());
        }
        return new ToolReply(json);
    }

    private static Map<String, @Nullable Object> plain(String role, String text) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("role", role);
        json.put("content", text);
        return json;
    }

    /// Whether a message is the model's, by its role alone.
    static boolean isAssistant(Object message) {
        return message instanceof Map<?, ?> map
                && ("assistant".equals(map.get("role")) || "model".equals(map.get("role")));
    }
}
