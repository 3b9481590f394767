package awl.token;

import awl.DataException;
import awl.Json;
import awl.chat.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `{"tool": ..., "arguments": {...}}` on lines of their own. Other objects are text.
final class PlainCalls implements CallFormat {

    @Override
    public String name() {
        return "plain";
    }

    @Override
    public Turn parse(String text) {
        List<ToolCall> calls = new ArrayList<>();
        StringBuilder rest = new StringBuilder();
        int at = 0;
        while (at < text.length()) {
            int lineEnd = text.indexOf('\n', at);
            lineEnd = lineEnd < 0 ? text.length() : lineEnd + 1;
            int start = at;
            while (start < lineEnd && (text.charAt(start) == ' ' || text.charAt(start) == '\t')) {
                start++;
            }
            int next = start < lineEnd && text.charAt(start) == '{' ? call(text, start, lineEnd, calls) : -1;
            if (next < 0) {
                rest.append(text, at, lineEnd);
                next = lineEnd;
            }
            at = next;
        }
        return new Turn(calls.isEmpty() ? text : rest.toString().strip(), calls);
    }

    /// Reads the object at `start`, which may go over several lines; -1 where it was not meant as a call.
    private static int call(String text, int start, int lineEnd, List<ToolCall> calls) {
        int end = CallJson.end(text, start);
        String one = text.substring(start, end < 0 ? lineEnd : end).strip();
        if (!isCall(one)) {
            return -1;
        }
        calls.add(CallJson.read(one, "tool", "arguments", "parameters"));
        if (end < 0) {
            return lineEnd;
        }
        // The rest of a call's line is no text, where it is blank.
        int next = end;
        while (next < text.length() && (text.charAt(next) == ' ' || text.charAt(next) == '\t')) {
            next++;
        }
        return next < text.length() && text.charAt(next) == '\n' ? next + 1 : end;
    }

    private static boolean isCall(String one) {
        try {
            return Json.parse(one, "call") instanceof Map<?, ?> map && map.containsKey("tool");
        } catch (DataException e) {
            return one.matches("(?s)\\{\\s*\"tool\"\\s*:.*");
        }
    }

    @Override
    public String write(List<ToolCall.Parsed> calls) {
        List<String> written = new ArrayList<>();
        for (ToolCall.Parsed call : calls) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("tool", call.name());
            json.put("arguments", call.arguments());
            written.add(Json.writeSpaced(json));
        }
        return String.join("\n", written);
    }
}
