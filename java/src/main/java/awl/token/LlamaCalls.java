package awl.token;

import awl.DataException;
import awl.Json;
import awl.chat.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `{"name": ..., "parameters": {...}}` as the whole turn, with or without `<|python_tag|>` in front;
/// several are separated by `; `. An object without a `name` is an answer in JSON and stays text.
final class LlamaCalls implements CallFormat {

    private static final String TAG = "<|python_tag|>";

    @Override
    public String name() {
        return "llama";
    }

    @Override
    public Turn parse(String text) {
        // Behind a brace the tag is part of an argument.
        int tag = text.stripLeading().startsWith("{") ? -1 : text.indexOf(TAG);
        String before = tag < 0 ? "" : text.substring(0, tag).strip();
        String body = (tag < 0 ? text : text.substring(tag + TAG.length())).strip();
        if (!body.startsWith("{")) {
            return tag < 0
                    ? new Turn(text, List.of())
                    : new Turn(before, List.of(new ToolCall.Malformed(body, "expected a JSON object after " + TAG)));
        }
        List<ToolCall> calls = new ArrayList<>();
        int at = 0;
        while (at < body.length()) {
            int end = CallJson.end(body, at);
            String one = body.substring(at, end < 0 ? body.length() : end);
            if (calls.isEmpty() && tag < 0 && !isCall(one)) {
                return new Turn(text, List.of());
            }
            calls.add(CallJson.read(one, "name", "parameters", "arguments"));
            at = end < 0 ? body.length() : end;
            int next = at;
            while (next < body.length() && (Character.isWhitespace(body.charAt(next)) || body.charAt(next) == ';')) {
                next++;
            }
            if (next < body.length() && body.charAt(next) != '{') {
                calls.add(new ToolCall.Malformed(body.substring(next), "expected another call or the end of the turn"));
                next = body.length();
            }
            at = next;
        }
        return new Turn(before, calls);
    }

    /// Whether an object at the start of a turn was meant as a call: it has a name, or breaks off after one.
    private static boolean isCall(String one) {
        try {
            return Json.parse(one, "call") instanceof Map<?, ?> map && map.get("name") instanceof String;
        } catch (DataException e) {
            return one.matches("(?s)\\{\\s*\"name\"\\s*:.*");
        }
    }

    @Override
    public String write(List<ToolCall.Parsed> calls) {
        List<String> written = new ArrayList<>();
        for (ToolCall.Parsed call : calls) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("name", call.name());
            json.put("parameters", call.arguments());
            written.add(Json.writeSpaced(json));
        }
        return String.join("; ", written);
    }
}
