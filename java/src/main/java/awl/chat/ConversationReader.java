package awl.chat;

import awl.DataException;
import awl.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads conversations from JSON, in OpenAI's form (`messages`, `tools`) or ShareGPT's (`conversations`).
///
/// Errors name the field and what was expected; file and line are added by whoever knows them. `arguments`
/// of a call may be an object or a string that holds one (OpenAI writes a string): the message shown to
/// templates holds the object, as serving engines hand it to templates, for most templates would otherwise
/// print a quoted string.
public final class ConversationReader {

    private static final Set<String> SYSTEM = Set.of("system", "developer");
    private static final Set<String> USER = Set.of("user");
    private static final Set<String> ASSISTANT = Set.of("assistant", "model");
    private static final Set<String> TOOL = Set.of("tool", "ipython", "function", "tool_results");

    /// ShareGPT's names of the speakers.
    private static final Map<String, String> SPEAKERS = Map.ofEntries(
            Map.entry("system", "system"),
            Map.entry("human", "user"),
            Map.entry("user", "user"),
            Map.entry("gpt", "assistant"),
            Map.entry("assistant", "assistant"),
            Map.entry("model", "assistant"),
            Map.entry("function_call", "assistant"),
            Map.entry("observation", "tool"),
            Map.entry("tool", "tool"),
            Map.entry("function", "tool"));

    private ConversationReader() {}

    /// Reads the object of a data row: `messages` (or ShareGPT's `conversations`) and `tools`.
    public static Conversation row(Map<String, ? extends @Nullable Object> row) {
        if (row.get("messages") != null) {
            return of(row.get("messages"), row.get("tools"));
        }
        if (row.get("conversations") != null) {
            return shareGpt(row);
        }
        throw new DataException("messages: expected an array of {\"role\", \"content\"}, found nothing");
    }

    /// @param messages an array of messages
    /// @param tools an array of tool specifications, a string that holds one, or null
    public static Conversation of(@Nullable Object messages, @Nullable Object tools) {
        List<Message> read = new ArrayList<>();
        int index = 0;
        for (Object message : list(messages, "messages", "an array of {\"role\", \"content\"}")) {
            read.add(message(message, "messages[" + index++ + "]"));
        }
        if (read.isEmpty()) {
            throw new DataException("messages: expected at least one message, found an empty array");
        }
        return new Conversation(read, tools(tools));
    }

    private static List<ToolSpec> tools(@Nullable Object tools) {
        if (tools == null) {
            return List.of();
        }
        Object value = tools instanceof String text ? Json.parse(text, "tools") : tools;
        List<ToolSpec> read = new ArrayList<>();
        for (Object tool : list(value, "tools", "an array of tool specifications")) {
            read.add(ToolSpec.read(tool, "tools[" + read.size() + "]"));
        }
        return read;
    }

    private static Message message(@Nullable Object value, String field) {
        Map<String, @Nullable Object> json = Json.copy(Json.asObject(value, field));
        if (!(json.get("role") instanceof String role)) {
            throw new DataException(
                    field + ".role: expected system, user, assistant or tool, found " + Json.kind(json.get("role")));
        }
        content(json.get("content"), field + ".content");
        if (SYSTEM.contains(role)) {
            return new Message.System(json);
        } else if (USER.contains(role)) {
            return new Message.User(json);
        } else if (TOOL.contains(role)) {
            return new Message.ToolReply(json);
        } else if (ASSISTANT.contains(role)) {
            return assistant(json, field);
        }
        throw new DataException("%s.role: expected system, developer, user, assistant or tool, found %s"
                .formatted(field, Json.write(role)));
    }

    /// A string, a list of parts, null (a turn of calls alone), or, in a tool's reply, any value.
    private static void content(@Nullable Object content, String field) {
        if (content instanceof Number || content instanceof Boolean) {
            throw new DataException(field + ": expected a string or a list of parts, found " + Json.kind(content));
        }
        if (content instanceof List<?> parts) {
            for (int p = 0; p < parts.size(); p++) {
                if (parts.get(p) instanceof Map<?, ?> part
                        && part.containsKey("text")
                        && !(part.get("text") instanceof String)) {
                    throw new DataException("%s[%d].text: expected a string, found %s"
                            .formatted(field, p, Json.kind(part.get("text"))));
                }
            }
        }
    }

    private static Message.Assistant assistant(Map<String, @Nullable Object> json, String field) {
        Object listed = json.get("tool_calls");
        if (listed == null) {
            return new Message.Assistant(json, List.of());
        }
        List<ToolCall> calls = new ArrayList<>();
        List<Object> shown = new ArrayList<>();
        for (Object call : list(listed, field + ".tool_calls", "an array of calls")) {
            Map<String, @Nullable Object> copy = Json.copy(Json.asObject(call, field + ".tool_calls"));
            calls.add(call(copy, "%s.tool_calls[%d]".formatted(field, calls.size())));
            shown.add(copy);
        }
        json.put("tool_calls", shown);
        return new Message.Assistant(json, calls);
    }

    /// Reads a call, and puts the arguments' object where a string stood.
    private static ToolCall call(Map<String, @Nullable Object> call, String field) {
        boolean nested = call.get("function") instanceof Map<?, ?>;
        Map<String, @Nullable Object> function =
                nested ? Json.copy(Json.asObject(call.get("function"), field + ".function")) : call;
        String inner = nested ? field + ".function" : field;
        if (!(function.get("name") instanceof String name) || name.isBlank()) {
            throw new DataException(
                    inner + ".name: expected the tool's name, found " + Json.kind(function.get("name")));
        }
        String key =
                function.containsKey("parameters") && !function.containsKey("arguments") ? "parameters" : "arguments";
        Object arguments = function.get(key);
        if (arguments instanceof String text) {
            try {
                arguments = text.isBlank() ? Map.of() : Json.parse(text, inner + "." + key);
            } catch (DataException e) {
                return new ToolCall.Malformed(text, e.getMessage() == null ? "" : e.getMessage());
            }
            if (!(arguments instanceof Map<?, ?>)) {
                return new ToolCall.Malformed(
                        text, inner + "." + key + ": expected an object, found " + Json.kind(arguments));
            }
            function.put(key, arguments);
            if (nested) {
                call.put("function", function);
            }
        }
        Map<String, @Nullable Object> read = arguments == null ? Map.of() : Json.asObject(arguments, inner + "." + key);
        return new ToolCall.Parsed(call.get("id") instanceof String id ? id : null, name, read);
    }

    /// `{"conversations": [{"from": "human", "value": ...}], "system": ..., "tools": ...}`. A turn from
    /// `function_call` holds a call as JSON, one from `observation` its result.
    private static Conversation shareGpt(Map<String, ? extends @Nullable Object> row) {
        List<Message> messages = new ArrayList<>();
        if (row.get("system") instanceof String system && !system.isEmpty()) {
            messages.add(Message.system(system));
        }
        int index = 0;
        for (Object turn : list(row.get("conversations"), "conversations", "an array of {\"from\", \"value\"}")) {
            String field = "conversations[" + index++ + "]";
            Map<String, @Nullable Object> json = Json.asObject(turn, field);
            if (!(json.get("from") instanceof String from)) {
                throw new DataException(field + ".from: expected human or gpt, found " + Json.kind(json.get("from")));
            }
            if (!(json.get("value") instanceof String value)) {
                throw new DataException(field + ".value: expected a string, found " + Json.kind(json.get("value")));
            }
            messages.add(shareGptTurn(json, from, value, field));
        }
        if (messages.isEmpty()) {
            throw new DataException("conversations: expected at least one turn, found an empty array");
        }
        return new Conversation(messages, tools(row.get("tools")));
    }

    private static Message shareGptTurn(Map<String, @Nullable Object> turn, String from, String value, String field) {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("role", role(from, field));
        json.put("content", value);
        turn.forEach((key, other) -> {
            if (!key.equals("from") && !key.equals("value")) {
                json.put(key, other);
            }
        });
        if (from.equals("function_call")) {
            Object call = Json.parse(value, field + ".value");
            json.put("content", "");
            List<Object> wrapped = new ArrayList<>();
            for (Object one : call instanceof List<?> several ? several : java.util.Collections.singletonList(call)) {
                Map<String, @Nullable Object> outer = new LinkedHashMap<>();
                outer.put("type", "function");
                outer.put("function", one);
                wrapped.add(outer);
            }
            json.put("tool_calls", wrapped);
        }
        return message(json, field);
    }

    private static String role(String from, String field) {
        String role = SPEAKERS.get(from);
        if (role == null) {
            throw new DataException("%s.from: expected system, human, gpt, function_call or observation, found %s"
                    .formatted(field, Json.write(from)));
        }
        return role;
    }

    private static List<?> list(@Nullable Object value, String field, String expected) {
        if (value instanceof List<?> list) {
            return list;
        }
        throw new DataException(
                "%s: expected %s, found %s".formatted(field, expected, value == null ? "nothing" : Json.kind(value)));
    }
}
