package awl.token;

import awl.ConfigException;
import awl.Json;
import awl.chat.ToolCall;
import awl.chat.ToolSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// How a family of models writes tool calls inside its own turn. `parse(write(calls))` gives the calls back.
///
/// What a model writes is data: a call that cannot be read comes back as [ToolCall.Malformed], never as an
/// exception. Markers that are special tokens (`[TOOL_CALLS]`, `<|python_tag|>`) are there only in text
/// decoded with special tokens.
public interface CallFormat {

    /// Name on the command line and in files.
    String name();

    /// Separates the calls of a turn from its text.
    ///
    /// @param text the turn, without the token that ends it
    Turn parse(String text);

    /// Writes calls as the model is to write them.
    String write(List<ToolCall.Parsed> calls);

    /// @param text what stands beside the calls, outer blanks removed where there are calls
    record Turn(String text, List<ToolCall> calls) {}

    /// Llama 3.1 and 3.2: `{"name": ..., "parameters": {...}}`.
    CallFormat LLAMA = new LlamaCalls();

    /// Qwen 2.5, Qwen 3, Hermes: `<tool_call>` and JSON between lines.
    CallFormat HERMES = new HermesCalls();

    /// Mistral: `[TOOL_CALLS]` and a JSON array.
    CallFormat MISTRAL = new MistralCalls();

    /// For templates that know no tools: a line `{"tool": ..., "arguments": {...}}`.
    CallFormat PLAIN = new PlainCalls();

    /// Every format, in the order in which a rendered call is asked whose it is.
    List<CallFormat> ALL = List.of(HERMES, MISTRAL, LLAMA, PLAIN);

    /// The format of a name; empty where there is none such.
    static Optional<CallFormat> named(String name) {
        return ALL.stream().filter(format -> format.name().equals(name)).findFirst();
    }

    /// The format of a name that a user gave.
    ///
    /// @param field where it was given, for the error
    /// @throws ConfigException there is none such; names all
    static CallFormat named(String name, String field) {
        return named(name)
                .orElseThrow(
                        () -> new ConfigException("%s: expected one of %s, found %s".formatted(field, names(), name)));
    }

    /// The names of all, with commas between them.
    static String names() {
        return String.join(", ", ALL.stream().map(CallFormat::name).toList());
    }

    /// The format in which a template writes calls; empty where it is none of [#ALL]. A template that writes
    /// none at all takes [#PLAIN].
    static Optional<CallFormat> of(TemplateTraits traits) {
        if (!traits.nativeTools()) {
            return Optional.of(PLAIN);
        }
        return ALL.stream()
                .filter(format -> {
                    List<ToolCall> calls = format.parse(traits.renderedCall()).calls();
                    return calls.size() == 1
                            && calls.getFirst() instanceof ToolCall.Parsed call
                            && call.name().equals(TemplateTraits.PROBE_NAME)
                            && call.arguments().equals(TemplateTraits.PROBE_ARGUMENTS);
                })
                .findFirst();
    }

    /// What a system turn says of tools where the template has no place for them.
    ///
    /// @param format how the model is to write calls
    static String describe(List<ToolSpec> tools, CallFormat format) {
        StringBuilder text = new StringBuilder("You may call these tools:\n");
        for (ToolSpec tool : tools) {
            Map<String, @Nullable Object> line = new LinkedHashMap<>();
            line.put("name", tool.name());
            line.put("description", tool.description());
            line.put("parameters", tool.parameters());
            text.append(Json.writeSpaced(line)).append('\n');
        }
        if (format == PLAIN) {
            text.append("To call a tool, answer with a line of JSON and nothing else: ")
                    .append("{\"tool\": <name>, \"arguments\": {...}}.");
        } else {
            text.append("To call a tool, answer in this form and with nothing else:\n")
                    .append(format.write(List.of(new ToolCall.Parsed(null, "<name>", Map.of("<argument>", "<value>")))))
                    .append("\n");
        }
        return text.append(format == PLAIN ? " " : "")
                .append("The result comes back in the next user turn.")
                .toString();
    }
}
