package awl.token;

import awl.chat.ToolSpec;
import awl.token.jinja.RenderOptions;
import awl.token.jinja.TemplateException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a chat template can show, found by trying it: its source is never searched for words.
///
/// @param nativeTools whether it shows tools, calls and tools' replies, all three
/// @param system whether it shows a system turn
/// @param renderedCall how it writes a call of [#PROBE_NAME] with [#PROBE_ARGUMENTS], without the end of the
///     turn
record TemplateTraits(boolean nativeTools, boolean system, String renderedCall) {

    static final String PROBE_NAME = "awl_probe_call";
    static final Map<String, Object> PROBE_ARGUMENTS = Map.of("awl_probe_argument", "awl_probe_value");

    private static final String ASKED = "awl_probe_question";
    private static final String REPLY = "awl_probe_reply";
    /// Nine letters and digits: Mistral's templates ask for that.
    private static final String CALL_ID = "awlprobe1";

    static TemplateTraits of(ChatTemplate template, Map<String, ?> variables, RenderOptions options) {
        Map<String, Object> user = message("user", ASKED);
        Map<String, Object> call = message("assistant", "");
        call.put(
                "tool_calls",
                List.of(Map.of(
                        "id",
                        CALL_ID,
                        "type",
                        "function",
                        "function",
                        ordered("name", PROBE_NAME, "arguments", PROBE_ARGUMENTS))));
        Map<String, Object> reply = message("tool", REPLY);
        reply.put("tool_call_id", CALL_ID);
        reply.put("name", PROBE_NAME);
        List<?> tools =
                List.of(ToolSpec.of("awl_probe_tool", "A tool.", Map.of("type", "object", "properties", Map.of()))
                        .json());

        Probe probe = new Probe(template, variables, options);
        String prompt = probe.text(List.of(user), tools, true);
        String called = probe.text(List.of(user, call), tools, false);
        String replied = probe.text(List.of(user, call, reply), tools, true);
        boolean listsTools = prompt.contains("awl_probe_tool");
        boolean writesCalls = called.contains(PROBE_NAME) && called.contains("awl_probe_argument");
        boolean showsReplies = replied.contains(REPLY);
        String turn = called.startsWith(prompt) ? called.substring(prompt.length()) : called;
        boolean system = probe.text(List.of(message("system", "awl_probe_system"), user), null, true)
                .contains("awl_probe_system");
        Set<String> eos = variables.get("eos_token") instanceof String token ? Set.of(token) : Set.of();
        return new TemplateTraits(
                listsTools && writesCalls && showsReplies, system, new TurnEnds(Set.of(), eos).withoutEnds(turn));
    }

    private record Probe(ChatTemplate template, Map<String, ?> variables, RenderOptions options) {
        /// The rendering; empty where the template refuses.
        String text(List<Map<String, Object>> messages, @Nullable List<?> tools, boolean prompt) {
            try {
                return template.render(new ChatTemplate.Request(messages, tools, null, prompt, variables), options)
                        .text();
            } catch (TemplateException e) {
                return "";
            }
        }
    }

    private static Map<String, Object> message(String role, String content) {
        return ordered("role", role, "content", content);
    }

    private static Map<String, Object> ordered(String key, Object value, String other, Object otherValue) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put(key, value);
        map.put(other, otherValue);
        return map;
    }
}
