package awl.pipeline;

import awl.ConfigException;
import awl.chat.Conversation;
import awl.chat.Message;
import awl.chat.ToolCall;
import awl.chat.ToolMode;
import awl.chat.ToolSpec;
import awl.grade.Grade;
import awl.task.Grader;
import awl.task.Problem;
import awl.task.ProblemSet;
import awl.task.ProblemSets;
import awl.token.CallFormat;
import awl.tool.Calculator;
import awl.tool.Tool;
import awl.tool.ToolResult;
import awl.tool.Toolbox;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/// Questions of problem sets with the tools of their set, under the prompts of a run.
final class ProblemSetting implements Setting, AutoCloseable {

    private final PipelineConfig config;
    private final PromptTexts prompts;
    private final CallFormat format;
    private final List<Problem> demonstrations;
    private final List<Tool> named;
    private final Map<String, Toolbox> boxes = new ConcurrentHashMap<>();

    /// @param format in which the model calls, told where a prompt lists the tools itself
    /// @param demonstrations shown under P_f
    ProblemSetting(PipelineConfig config, PromptTexts prompts, CallFormat format, List<Problem> demonstrations) {
        this.config = config;
        this.prompts = prompts;
        this.format = format;
        this.demonstrations = demonstrations.stream()
                .filter(each -> !each.trace().isEmpty() && !each.conclusion().isEmpty())
                .toList();
        if (!demonstrations.isEmpty() && this.demonstrations.isEmpty()) {
            throw new ConfigException("prompts.demonstrations: none of the problems has a trace with a conclusion");
        }
        try (Toolbox known = Toolbox.all()) {
            this.named = known.named(config.tools().names());
        }
    }

    /// Tools for the questions of a set: those the run names, else those of the set, else all that only compute.
    private Toolbox box(Problem problem) {
        return boxes.computeIfAbsent(problem.set(), set -> {
            Duration limit = Duration.ofMillis(Math.round(config.tools().seconds() * 1000));
            return Toolbox.of(tools(set), limit);
        });
    }

    private List<Tool> tools(String set) {
        if (!named.isEmpty()) {
            return named;
        }
        for (ProblemSet each : ProblemSets.ALL) {
            if (each.name().equals(set)) {
                return each.tools();
            }
        }
        if (set.equals("gsm8k")) {
            return List.of(new Calculator());
        }
        try (Toolbox standard = Toolbox.standard()) {
            return List.copyOf(standard.tools());
        }
    }

    @Override
    public Conversation ask(Problem problem, ToolMode mode) {
        List<Message> messages = new ArrayList<>();
        String system = prompts.of(mode);
        if (mode == ToolMode.NONE) {
            messages.add(Message.system(system));
            messages.add(Message.user(problem.prompt()));
            return new Conversation(messages, List.of());
        }
        List<ToolSpec> specs = box(problem).specs();
        boolean schema = config.tools().listing() == PipelineConfig.Listing.SCHEMA;
        messages.add(Message.system(schema ? system : system + "\n\n" + listing(specs)));
        if (mode == ToolMode.FORCED) {
            shown(problem).forEach(each -> demonstrate(each, messages));
        }
        messages.add(Message.user(problem.prompt()));
        return new Conversation(messages, schema ? specs : List.of());
    }

    private String listing(List<ToolSpec> specs) {
        StringBuilder text = new StringBuilder("Tools: ");
        boolean brief = config.tools().listing() == PipelineConfig.Listing.BRIEF;
        for (int i = 0; i < specs.size(); i++) {
            text.append(i == 0 ? "" : brief ? "; " : ", ");
            text.append(brief ? signature(specs.get(i)) : specs.get(i).name());
        }
        ToolCall.Parsed example = new ToolCall.Parsed("NAME", Map.of("ARGUMENT", "VALUE"));
        return text.append("\nA call: ").append(format.write(List.of(example))).toString();
    }

    /// `heat_rod(length, boundary: fixed|insulated, [x])`; what may be left out is in brackets.
    static String signature(ToolSpec spec) {
        List<String> arguments = new ArrayList<>();
        Object required = spec.parameters().get("required");
        List<?> needed = required instanceof List<?> list ? list : List.of();
        if (spec.parameters().get("properties") instanceof Map<?, ?> properties) {
            properties.forEach((name, schema) -> {
                String written = String.valueOf(name);
                if (schema instanceof Map<?, ?> map && map.get("enum") instanceof List<?> values) {
                    written += ": "
                            + String.join(
                                    "|", values.stream().map(String::valueOf).toList());
                }
                arguments.add(needed.contains(name) ? written : "[" + written + "]");
            });
        }
        return spec.name() + "(" + String.join(", ", arguments) + ")";
    }

    /// Demonstrations for a question: of its own set where there are any, never itself, the same ones every time.
    private List<Problem> shown(Problem problem) {
        List<Problem> own = demonstrations.stream()
                .filter(each -> each.set().equals(problem.set()))
                .toList();
        List<Problem> from = (own.isEmpty() ? demonstrations : own)
                .stream()
                        .filter(each -> !each.question().equals(problem.question()))
                        .toList();
        return from.subList(0, Math.min(config.prompts().shots(), from.size()));
    }

    private void demonstrate(Problem problem, List<Message> messages) {
        messages.add(Message.user(problem.prompt()));
        messages.addAll(scripted(problem));
    }

    /// The turns of the trace that came with a question, with the tools' own results.
    List<Message> scripted(Problem problem) {
        List<Message> turns = new ArrayList<>();
        int number = 0;
        for (ToolCall.Parsed each : problem.trace()) {
            ToolCall.Parsed call = numbered(each, number++);
            turns.add(Message.assistant("", List.of(call)));
            turns.add(Message.reply(call, call(problem, call).text()));
        }
        turns.add(Message.assistant(problem.conclusion()));
        return turns;
    }

    /// With an id of nine letters and digits, which Mistral's templates ask for.
    static ToolCall.Parsed numbered(ToolCall.Parsed call, int number) {
        return new ToolCall.Parsed("call%05d".formatted(number), call.name(), call.arguments());
    }

    @Override
    public ToolResult call(Problem problem, ToolCall call) {
        return box(problem).call(call);
    }

    @Override
    public Grade grade(Problem problem, String reply) {
        return Grader.grade(problem, reply);
    }

    @Override
    public void close() {
        boxes.values().forEach(Toolbox::close);
    }
}
