package awl.token;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import awl.token.jinja.RenderOptions;
import awl.token.jinja.RenderResult;
import awl.token.jinja.TemplateException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Every golden case renders to the same characters, the same generation spans and the same kind of failure
/// as the reference.
class ChatTemplateGoldenTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final RenderOptions AT_GOLDEN_TIME = RenderOptions.standard()
            .withClock(
                    Clock.fixed(LocalDateTime.of(2026, 1, 15, 12, 34, 56).toInstant(ZoneOffset.UTC), ZoneOffset.UTC));

    @Test
    void ownTemplates() throws IOException {
        check(Shared.resource("golden/chat"), "expected.jsonl", 500);
    }

    @Test
    void snippets() throws IOException {
        check(Shared.resource("golden/chat"), "snippets.jsonl", 259);
    }

    /// The language piece by piece and at random: operators, filters, methods, formats, scopes, white space.
    @Test
    void language() throws IOException {
        check(Shared.resource("golden/chat"), "language.jsonl", 1900);
    }

    @Test
    void allTemplates() throws IOException {
        check(Shared.require("golden/chat"), "expected.jsonl", 3249);
    }

    private static void check(Path folder, String file, int atLeast) throws IOException {
        JsonNode conversations =
                JSON.readTree(folder.resolve("conversations.json").toFile());
        Path variables = folder.resolve("language_variables.json");
        Map<String, String> sources = new HashMap<>();
        List<String> wrong = new ArrayList<>();
        int rows = 0;
        for (String line : Files.readString(folder.resolve(file)).split("\n")) {
            JsonNode row = JSON.readTree(line);
            String template = row.path("template").asText("");
            String source = row.has("source")
                    ? row.get("source").asText()
                    : sources.computeIfAbsent(template, name -> read(folder.resolve(name + ".jinja")));
            String expected = expected(row);
            String conversation = row.path("conversation").asText("");
            JsonNode input =
                    conversation.isEmpty() ? JSON.readTree(variables.toFile()) : conversations.get(conversation);
            String actual = actual(source, input, row);
            rows++;
            if (!actual.equals(expected)) {
                wrong.add((template.isEmpty() ? source : template) + " on " + conversation + "\n  expected " + expected
                        + "\n  but was  " + actual);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(rows).isGreaterThanOrEqualTo(atLeast);
    }

    private static String read(Path path) {
        try {
            return Files.readString(path);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static String expected(JsonNode row) {
        JsonNode error = row.path("error");
        if (!error.isMissingNode()) {
            boolean raised = error.get("kind").asText().equals("raise");
            return raised ? "raised: " + error.get("message").asText() : "failed";
        }
        return row.get("text").asText() + "\u0000" + row.get("generation");
    }

    @SuppressWarnings("unchecked")
    private static String actual(String source, JsonNode conversation, JsonNode row) {
        Map<String, Object> variables =
                new LinkedHashMap<>(JSON.convertValue(conversation.get("kwargs"), LinkedHashMap.class));
        Object toContinue = variables.remove("continue_final_message");
        ChatTemplate.Request request = new ChatTemplate.Request(
                JSON.convertValue(conversation.get("messages"), List.class),
                (List<?>) variables.remove("tools"),
                (List<?>) variables.remove("documents"),
                row.path("add_generation_prompt").asBoolean(true),
                variables);
        try {
            ChatTemplate template = ChatTemplate.of(source, "golden");
            RenderResult result = Boolean.TRUE.equals(toContinue)
                    ? template.renderToContinue(request, AT_GOLDEN_TIME)
                    : template.render(request, AT_GOLDEN_TIME);
            return result.text() + "\u0000" + spans(result);
        } catch (TemplateException e) {
            return e.kind() == TemplateException.Kind.RAISED ? "raised: " + e.reason() : "failed";
        }
    }

    private static String spans(RenderResult result) {
        return result.generation()
                .map(spans -> JSON.valueToTree(spans.stream()
                                .map(span -> List.of(span.start(), span.end()))
                                .toList())
                        .toString())
                .orElse("null");
    }
}
