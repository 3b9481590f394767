package awl.token;

import awl.DataException;
import awl.Json;
import awl.chat.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// `[TOOL_CALLS] [{"name": ..., "arguments": {...}, "id": ...}, ...]`. The later form
/// `[TOOL_CALLS]name[ARGS]{...}` (with or without `[CALL_ID]id`) is read, too.
final class MistralCalls implements CallFormat {

    private static final String MARK = "[TOOL_CALLS]";
    private static final String ID = "[CALL_ID]";
    private static final String ARGUMENTS = "[ARGS]";

    @Override
    public String name() {
        return "mistral";
    }

    @Override
    public Turn parse(String text) {
        int mark = text.indexOf(MARK);
        if (mark < 0) {
            return new Turn(text, List.of());
        }
        String body = text.substring(mark + MARK.length()).strip();
        List<ToolCall> calls = new ArrayList<>();
        if (body.startsWith("[") && !body.startsWith(ARGUMENTS)) {
            array(body, calls);
        } else {
            for (String one : body.split(java.util.regex.Pattern.quote(MARK), -1)) {
                calls.add(named(one.strip()));
            }
        }
        return new Turn(text.substring(0, mark).strip(), calls);
    }

    private static void array(String body, List<ToolCall> calls) {
        int end = CallJson.end(body, 0);
        String array = end < 0 ? body : body.substring(0, end);
        Object value;
        try {
            value = Json.parse(array, "calls");
        } catch (DataException e) {
            calls.add(new ToolCall.Malformed(body, Objects.requireNonNullElse(e.getMessage(), "not JSON")));
            return;
        }
        List<?> list = value instanceof List<?> several ? several : List.of();
        if (list.isEmpty()) {
            calls.add(new ToolCall.Malformed(body, "expected at least one call, found an empty array"));
        }
        for (Object call : list) {
            calls.add(CallJson.of(call, Json.write(call), "name", "arguments", "parameters"));
        }
        if (end >= 0 && !body.substring(end).isBlank()) {
            calls.add(new ToolCall.Malformed(body.substring(end).strip(), "expected the end of the turn"));
        }
    }

    private static ToolCall named(String one) {
        int arguments = one.indexOf(ARGUMENTS);
        int brace = one.indexOf('{');
        int nameEnd = arguments >= 0 && arguments < Math.max(brace, arguments + 1) ? arguments : brace;
        if (nameEnd <= 0) {
            return new ToolCall.Malformed(one, "expected an array of calls, or a name and its arguments");
        }
        String name = one.substring(0, nameEnd).strip();
        String id = null;
        int idAt = name.indexOf(ID);
        if (idAt >= 0) {
            id = name.substring(idAt + ID.length()).strip();
            name = name.substring(0, idAt).strip();
        }
        String body = one.substring(nameEnd == arguments ? arguments + ARGUMENTS.length() : brace)
                .strip();
        if (name.isEmpty()) {
            return new ToolCall.Malformed(one, "expected the tool's name");
        }
        return CallJson.arguments(id, name, body, one, "arguments");
    }

    @Override
    public String write(List<ToolCall.Parsed> calls) {
        List<Object> list = new ArrayList<>();
        for (ToolCall.Parsed call : calls) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("name", call.name());
            json.put("arguments", call.arguments());
            if (call.id() != null) {
                json.put("id", call.id());
            }
            list.add(json);
        }
        return MARK + " " + Json.writeSpaced(list);
    }
}
