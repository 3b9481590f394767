package awl.serve;

import awl.DataException;
import awl.Json;
import awl.chat.Conversation;
import awl.chat.ConversationReader;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What a chat request says beside how to answer: messages and tools.
///
/// @param conversation tools are in it only where the model is to be shown them
record ChatMessages(Conversation conversation) {

    /// @throws ApiError naming the field that is wrong, or asks for what this server does not do
    static ChatMessages read(Fields fields) {
        Object tools = fields.value("tools");
        if (tools instanceof List<?> list && list.isEmpty()) {
            tools = null;
        }
        switch (fields.value("tool_choice")) {
            case null -> {}
            case String choice when choice.equals("auto") -> {}
            case String choice when choice.equals("none") -> tools = null;
            case Object other ->
                throw ApiError.unsupported(
                        "tool_choice",
                        "only auto and none: nothing forces this model to call (found " + Json.kind(other) + ")");
        }
        if (tools != null && !(tools instanceof List<?>)) {
            throw Fields.wrong("tools", "an array", tools);
        }
        fields.only("parallel_tool_calls", "how many calls a turn has is the model's choice, only true", true);
        if (fields.value("response_format") instanceof Object format
                && !(format instanceof Map<?, ?> map && "text".equals(map.get("type")))) {
            throw ApiError.unsupported("response_format", "only {\"type\": \"text\"}");
        }
        fields.only("modalities", "only text", List.of("text"));
        try {
            return new ChatMessages(ConversationReader.of(texts(fields.value("messages")), tools));
        } catch (DataException e) {
            String message = String.valueOf(e.getMessage());
            throw new ApiError(400, message, message.startsWith("tools") ? "tools" : "messages", "invalid_value");
        }
    }

    /// Messages whose parts are joined: templates want one string.
    private static @Nullable Object texts(@Nullable Object messages) {
        if (!(messages instanceof List<?> list)) {
            return messages;
        }
        List<@Nullable Object> joined = new ArrayList<>();
        for (Object each : list) {
            if (each instanceof Map<?, ?> && Json.asObject(each, "messages").get("content") instanceof List<?> parts) {
                Map<String, @Nullable Object> message = new LinkedHashMap<>(Json.asObject(each, "messages"));
                message.put("content", text(parts, "messages[" + joined.size() + "].content"));
                joined.add(message);
            } else {
                joined.add(each);
            }
        }
        return joined;
    }

    private static String text(List<?> parts, String field) {
        StringBuilder text = new StringBuilder();
        for (Object part : parts) {
            if (part instanceof Map<?, ?> map
                    && "text".equals(map.get("type"))
                    && map.get("text") instanceof String piece) {
                text.append(piece);
            } else {
                throw new ApiError(400, field + ": only parts of type text are read", field, "unsupported_parameter");
            }
        }
        return text.toString();
    }
}
