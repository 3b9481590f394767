package awl.token;

import awl.Json;
import awl.chat.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// `<tool_call>\n{"name": ..., "arguments": {...}}\n</tool_call>`, once for each call.
final class HermesCalls implements CallFormat {

    private static final String OPEN = "<tool_call>";
    private static final String CLOSE = "</tool_call>";

    @Override
    public String name() {
        return "hermes";
    }

    @Override
    public Turn parse(String text) {
        List<ToolCall> calls = new ArrayList<>();
        StringBuilder rest = new StringBuilder();
        int at = 0;
        for (int open = text.indexOf(OPEN); open >= 0; open = text.indexOf(OPEN, at)) {
            rest.append(text, at, open);
            int inner = open + OPEN.length();
            int close = close(text, inner);
            if (close < 0) {
                calls.add(new ToolCall.Malformed(text.substring(open), CLOSE + " is missing"));
                at = text.length();
                break;
            }
            calls.add(CallJson.read(text.substring(inner, close).strip(), "name", "arguments", "parameters"));
            at = close + CLOSE.length();
        }
        rest.append(text, at, text.length());
        return new Turn(calls.isEmpty() ? text : rest.toString().strip(), calls);
    }

    /// The closing tag behind the JSON value, so that an argument may hold the tag's text; else the next tag
    /// at all.
    private static int close(String text, int inner) {
        int start = inner;
        while (start < text.length() && Character.isWhitespace(text.charAt(start))) {
            start++;
        }
        int end = start < text.length() && text.charAt(start) == '{' ? CallJson.end(text, start) : -1;
        if (end > 0) {
            int close = text.indexOf(CLOSE, end);
            if (close >= 0 && text.substring(end, close).isBlank()) {
                return close;
            }
        }
        return text.indexOf(CLOSE, inner);
    }

    @Override
    public String write(List<ToolCall.Parsed> calls) {
        List<String> written = new ArrayList<>();
        for (ToolCall.Parsed call : calls) {
            Map<String, @Nullable Object> json = new LinkedHashMap<>();
            json.put("name", call.name());
            json.put("arguments", call.arguments());
            written.add(OPEN + "\n" + Json.writeSpaced(json) + "\n" + CLOSE);
        }
        return String.join("\n", written);
    }
}
