package awl.token;

import awl.token.jinja.JinjaTemplate;
import awl.token.jinja.RenderOptions;
import awl.token.jinja.RenderResult;
import awl.token.jinja.Span;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// A checkpoint's own chat template, used as Hugging Face transformers uses it. Thread-safe.
///
/// The template always sees `messages`, `tools`, `documents` and `add_generation_prompt`, then the caller's
/// variables. A message with `reasoning_content`, `thinking` or `reasoning` shows the first of them that is
/// set as `reasoning_content`, and as `thinking` where it has none of its own.
public final class ChatTemplate {
    private static final List<String> REASONING = List.of("reasoning_content", "thinking", "reasoning");

    /// Marks, while rendering, where the last message's text ends. The blank at the end tells whether the
    /// template trims.
    private static final String CONTINUE_TAG = "CONTINUE_FINAL_MESSAGE_TAG ";

    private final String source;
    private final String name;
    private final JinjaTemplate template;

    private ChatTemplate(String source, String name) {
        this.source = source;
        this.name = name;
        this.template = JinjaTemplate.parse(source, name);
    }

    /// @param name what messages call the template, its file for example
    /// @throws awl.token.jinja.TemplateException where the source is not a template
    public static ChatTemplate of(String source, String name) {
        return new ChatTemplate(source, name);
    }

    public String name() {
        return name;
    }

    /// One conversation to render, as plain JSON-like values: maps in their order, lists, strings, numbers,
    /// booleans, null.
    ///
    /// @param tools tool schemas, or null
    /// @param documents documents for retrieval, or null
    /// @param variables whatever else the template reads: special tokens, switches
    public record Request(
            List<Map<String, Object>> messages,
            @Nullable List<?> tools,
            @Nullable List<?> documents,
            boolean addGenerationPrompt,
            Map<String, ?> variables) {

        /// Messages alone.
        public static Request of(List<Map<String, Object>> messages, boolean addGenerationPrompt) {
            return new Request(messages, null, null, addGenerationPrompt, Map.of());
        }

        /// The conversation up to its first `count` messages.
        public Request head(int count) {
            return new Request(messages.subList(0, count), tools, documents, addGenerationPrompt, variables);
        }

        public Request withTools(@Nullable List<?> other) {
            return new Request(messages, other, documents, addGenerationPrompt, variables);
        }

        public Request withVariables(Map<String, ?> other) {
            return new Request(messages, tools, documents, addGenerationPrompt, other);
        }
    }

    /// Renders with the machine's clock and the standard limits.
    ///
    /// @throws awl.token.jinja.TemplateException where the template fails or refuses these messages
    public RenderResult render(Request request) {
        return render(request, RenderOptions.standard());
    }

    public RenderResult render(Request request, RenderOptions options) {
        return render(
                request, request.messages.stream().map(ChatTemplate::aliased).toList(), options);
    }

    private RenderResult render(Request request, List<Map<String, Object>> messages, RenderOptions options) {
        Map<String, @Nullable Object> variables = new LinkedHashMap<>();
        variables.put("messages", messages);
        variables.put("tools", request.tools);
        variables.put("documents", request.documents);
        variables.put("add_generation_prompt", request.addGenerationPrompt);
        variables.putAll(request.variables);
        return template.render(variables, options);
    }

    private static Map<String, Object> aliased(Map<String, Object> message) {
        for (String field : REASONING) {
            Object reasoning = message.get(field);
            if (reasoning != null) {
                Map<String, Object> shown = new LinkedHashMap<>();
                shown.put("thinking", reasoning);
                shown.putAll(message);
                shown.put("reasoning_content", reasoning);
                return shown;
            }
        }
        return message;
    }

    /// Renders so that the text ends where the last message's `content` ends, for a model to go on from
    /// there.
    public RenderResult renderToContinue(Request request, RenderOptions options) {
        return renderToContinue(request, options, "content");
    }

    /// @param field which part of the last message is to be continued: `content`, or one of the names of the
    ///     reasoning
    public RenderResult renderToContinue(Request request, RenderOptions options, String field) {
        List<Map<String, Object>> messages = new ArrayList<>(
                request.messages.stream().map(ChatTemplate::aliased).toList());
        if (messages.isEmpty()) {
            throw template.failure("there is no message to continue");
        }
        Map<String, Object> last = new LinkedHashMap<>(messages.getLast());
        Object value = last.get(field);
        if (value == null) {
            throw template.failure("the final message has no '" + field + "' to continue");
        }
        List<String> fields = REASONING.contains(field)
                ? REASONING.stream()
                        .filter(name -> value.equals(last.get(name)))
                        .toList()
                : List.of(field);
        if (fields.stream().noneMatch(source::contains)) {
            throw template.failure("'" + field + "' is not a field this chat template reads");
        }
        String text = tag(last, fields, value);
        messages.set(messages.size() - 1, last);
        return cut(render(request, messages, options), text);
    }

    /// Appends the tag to the text to be continued, and gives that text back.
    private String tag(Map<String, Object> message, List<String> fields, Object value) {
        if (value instanceof String text) {
            fields.forEach(field -> message.put(field, text + CONTINUE_TAG));
            return text;
        }
        if (value instanceof List<?> blocks) {
            List<Object> changed = new ArrayList<>(blocks);
            for (int i = changed.size() - 1; i >= 0; i--) {
                if (changed.get(i) instanceof Map<?, ?> block && block.containsKey("text")) {
                    if (!(block.get("text") instanceof String text)) {
                        break;
                    }
                    Map<Object, @Nullable Object> tagged = new LinkedHashMap<>(block);
                    tagged.put("text", text + CONTINUE_TAG);
                    changed.set(i, tagged);
                    fields.forEach(field -> message.put(field, changed));
                    return text;
                }
            }
        }
        throw template.failure("there is no text to continue in the final message");
    }

    private RenderResult cut(RenderResult rendered, String continued) {
        String text = rendered.text();
        int at = text.lastIndexOf(CONTINUE_TAG.strip());
        if (at < 0 || !text.contains(JinjaTemplate.strip(continued))) {
            throw template.failure("the final message does not appear in the chat after applying the chat template");
        }
        String kept = text.substring(0, at);
        if (!text.startsWith(CONTINUE_TAG, at)) {
            kept = JinjaTemplate.stripEnd(kept);
        }
        Optional<List<Span>> generation = rendered.generation();
        return new RenderResult(kept, generation);
    }
}
