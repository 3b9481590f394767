package awl.cli;

import awl.AwlException;
import awl.ConfigException;
import awl.Json;
import awl.data.JsonLines;
import awl.data.JsonLinesWriter;
import awl.token.ChatTemplate;
import awl.token.CheckpointText;
import awl.token.Renderer;
import awl.token.jinja.RenderOptions;
import awl.token.jinja.RenderResult;
import awl.token.jinja.TemplateException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `awl render`: conversations as a chat template writes them.
///
/// Messages go to the template as they stand in the row (training reads them first and, for one, makes objects of
/// arguments that are strings). A row that cannot be rendered gives an `error` and does not stop the others.
@Command(
        name = "render",
        mixinStandardHelpOptions = true,
        description = {
            "Conversations as a chat template writes them: lines {\"id\",\"messages\",[\"tools\"],",
            "[\"add_generation_prompt\"],[\"variables\"]} become {\"id\",\"text\"}, with --model also \"ids\" and",
            "\"weights\" (1 on what is learned), or {\"id\",\"error\"} where the template fails."
        })
final class RenderCommand implements Callable<Integer> {

    /// Time of day that goes with a plain `--date`.
    private static final LocalTime TIME = LocalTime.of(12, 34, 56);

    @ArgGroup(multiplicity = "1")
    Source source = new Source();

    /// Where the template comes from.
    static final class Source {
        @Option(names = "--model", description = "Folder or GGUF file with tokenizer and chat template.")
        @Nullable
        Path model;

        @Option(names = "--template", description = "A Jinja chat template.")
        @Nullable
        Path template;
    }

    @Option(names = "--input", required = true, description = "JSON lines to read.")
    Path input;

    @Option(names = "--output", required = true, description = "JSON lines to write.")
    Path output;

    @Option(
            names = "--date",
            description = "What the template's clock says: 2026-01-15 (then it is 12:34:56) or 2026-01-15T08:00:00.")
    @Nullable
    String date;

    @Override
    public Integer call() {
        RenderOptions options = date == null
                ? RenderOptions.standard()
                : RenderOptions.standard().withClock(clock(date));
        long failed = 0;
        try (CheckpointText text = source.model == null ? null : ModelText.open(source.model);
                JsonLines lines = JsonLines.open(input);
                JsonLinesWriter out = JsonLinesWriter.open(output)) {
            Rows rows = text == null ? new Rows(template(), options) : new Rows(text, options);
            for (JsonLines.Line line = lines.next(); line != null; line = lines.next()) {
                Map<String, @Nullable Object> result = rows.result(line);
                failed += result.containsKey("error") ? 1 : 0;
                out.write(result);
            }
            out.commit();
        }
        if (failed > 0) {
            System.err.println("awl: " + failed + " rows could not be rendered; see their \"error\"");
        }
        return 0;
    }

    private ChatTemplate template() {
        Path file = Objects.requireNonNull(source.template);
        try {
            return ChatTemplate.of(Files.readString(file), file.toString());
        } catch (IOException e) {
            throw new ConfigException("--template " + file + ": cannot be read: " + e, e);
        }
    }

    private static Clock clock(String date) {
        try {
            LocalDateTime time = date.contains("T")
                    ? LocalDateTime.parse(date)
                    : LocalDate.parse(date).atTime(TIME);
            return Clock.fixed(time.toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw new ConfigException("--date " + date + ": expected a date like 2026-01-15", e);
        }
    }

    /// Renders one row after the other.
    private static final class Rows {
        private final RenderOptions options;
        private final @Nullable CheckpointText text;
        private final Map<Boolean, ChatTemplate> templates = new LinkedHashMap<>();
        private final Map<Boolean, Renderer> renderers = new LinkedHashMap<>();

        Rows(ChatTemplate template, RenderOptions options) {
            this.options = options;
            this.text = null;
            templates.put(false, template);
            templates.put(true, template);
        }

        Rows(CheckpointText text, RenderOptions options) {
            this.options = options;
            this.text = text;
            for (boolean tools : new boolean[] {false, true}) {
                templates.put(
                        tools,
                        text.template(tools)
                                .orElseThrow(() -> new ConfigException(
                                        text.where() + ": the model has no chat template; name one with --template")));
                renderers.put(tools, text.renderer(tools).withOptions(options));
            }
        }

        Map<String, @Nullable Object> result(JsonLines.Line line) {
            Map<String, @Nullable Object> result = new LinkedHashMap<>();
            result.put("id", line.number());
            try {
                Map<String, @Nullable Object> row = line.object();
                if (row.containsKey("id")) {
                    result.put("id", row.get("id"));
                }
                render(row, line, result);
            } catch (TemplateException e) {
                result.put("error", e.kind() == TemplateException.Kind.RAISED ? e.reason() : e.getMessage());
            } catch (AwlException e) {
                result.put("error", e.getMessage());
            }
            return result;
        }

        private void render(
                Map<String, @Nullable Object> row, JsonLines.Line line, Map<String, @Nullable Object> result) {
            Map<String, @Nullable Object> variables =
                    new LinkedHashMap<>(text == null ? Map.of() : text.specialTokens());
            if (row.get("variables") != null) {
                variables.putAll(Json.asObject(row.get("variables"), line.where() + ": variables"));
            }
            Object tools = row.get("tools");
            if (tools != null && !(tools instanceof List<?>)) {
                throw line.wrong("tools: expected an array, found " + Json.kind(tools));
            }
            boolean prompt = flag(line, row, "add_generation_prompt");
            Object toContinue = variables.remove("continue_final_message");
            ChatTemplate.Request request =
                    new ChatTemplate.Request(messages(line, row), (List<?>) tools, null, prompt, variables);
            boolean hasTools = tools != null;
            ChatTemplate template = Objects.requireNonNull(templates.get(hasTools));
            if (Boolean.TRUE.equals(toContinue) || toContinue instanceof String) {
                String field = toContinue instanceof String name ? name : "content";
                RenderResult cut = template.renderToContinue(request, options, field);
                result.put("text", cut.text());
                generation(cut, result);
                if (text != null) {
                    int[] ids = text.tokenizer().encode(cut.text(), false);
                    result.put("ids", ids);
                    result.put("weights", new int[ids.length]);
                }
                return;
            }
            Renderer renderer = renderers.get(hasTools);
            if (renderer == null) {
                RenderResult rendered = template.render(request, options);
                result.put("text", rendered.text());
                generation(rendered, result);
                return;
            }
            Renderer.Detail detail = renderer.detail(request);
            result.put("text", detail.text());
            result.put("ids", detail.ids());
            result.put("weights", whole(detail.weights()));
            if (!detail.notes().isEmpty()) {
                result.put("notes", detail.notes());
            }
        }

        /// Ranges that the template itself marks as generated, in code points.
        private static void generation(RenderResult rendered, Map<String, @Nullable Object> result) {
            rendered.generation()
                    .ifPresent(spans -> result.put(
                            "generation",
                            spans.stream()
                                    .map(span -> List.of(span.start(), span.end()))
                                    .toList()));
        }

        /// The weights of a rendering are 0 or 1, and are written so.
        private static int[] whole(float[] weights) {
            int[] whole = new int[weights.length];
            for (int t = 0; t < whole.length; t++) {
                whole[t] = Math.round(weights[t]);
            }
            return whole;
        }

        private static boolean flag(JsonLines.Line line, Map<String, @Nullable Object> row, String field) {
            Object value = row.get(field);
            if (value != null && !(value instanceof Boolean)) {
                throw line.wrong(field + ": expected true or false, found " + Json.kind(value));
            }
            return Boolean.TRUE.equals(value);
        }

        private static List<Map<String, Object>> messages(JsonLines.Line line, Map<String, @Nullable Object> row) {
            if (!(row.get("messages") instanceof List<?> list)) {
                throw line.wrong("messages: expected an array of {\"role\", \"content\"}, found "
                        + (row.containsKey("messages") ? Json.kind(row.get("messages")) : "nothing"));
            }
            List<Map<String, Object>> messages = new ArrayList<>();
            for (Object message : list) {
                messages.add(new LinkedHashMap<>(
                        Json.asObject(message, line.where() + ": messages[" + messages.size() + "]")));
            }
            return messages;
        }
    }
}
