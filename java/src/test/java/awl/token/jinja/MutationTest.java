package awl.token.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// Broken templates fail as templates do: whatever a mutation makes of a source, it renders or gives a
/// [TemplateException].
class MutationTest {
    private static final Limits SMALL = new Limits(20_000, 1 << 18, 1 << 16, 1 << 16, 50, 1 << 12, 1 << 16, 100);
    private static final List<String> PIECES = List.of(
            "{{",
            "}}",
            "{%",
            "%}",
            "{#",
            "#}",
            "-",
            "(",
            ")",
            "[",
            "]",
            "|",
            ".",
            ",",
            ":",
            "'",
            "\"",
            "\\",
            "0",
            "-1",
            "1e9",
            "**",
            "~",
            "not ",
            "if ",
            "else ",
            "in ",
            "is ",
            "loop",
            "none",
            "true",
            " * 99",
            "{% raw %}",
            "{% endfor %}",
            "{% break %}",
            "|tojson",
            "|join",
            "|list",
            "|sort",
            "|map('upper')",
            "[::-1]",
            "[1:]",
            "messages",
            "\n",
            "é",
            "😀");

    @Test
    void nothingButTemplateExceptions() throws IOException {
        List<String> sources = new ArrayList<>();
        try (var files = Files.list(Shared.resource("golden/chat"))) {
            for (Path file :
                    files.filter(f -> f.toString().endsWith(".jinja")).sorted().toList()) {
                sources.add(Files.readString(file));
            }
        }
        Map<String, Object> variables = Map.of(
                "messages",
                List.of(
                        Map.of("role", "user", "content", "a 😀"),
                        Map.of(
                                "role",
                                "assistant",
                                "content",
                                "b",
                                "tool_calls",
                                List.of(Map.of("function", Map.of())))),
                "add_generation_prompt",
                true);
        Random random = new Random(20260115);
        int rendered = 0;
        for (int i = 0; i < 4000; i++) {
            String source = mutate(sources.get(random.nextInt(sources.size())), random);
            try {
                JinjaTemplate.parse(source, "mutant", SMALL)
                        .render(variables, RenderOptions.standard().withLimits(SMALL));
                rendered++;
            } catch (TemplateException expected) {
                assertThat(expected.reason()).isNotNull();
            } catch (RuntimeException | Error e) {
                throw new AssertionError("crashed on: " + source, e);
            }
        }
        assertThat(rendered).isGreaterThan(100);
    }

    private static String mutate(String source, Random random) {
        StringBuilder text = new StringBuilder(source);
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(text.length() + 1);
            int length = Math.min(random.nextInt(6), text.length() - at);
            switch (random.nextInt(3)) {
                case 0 -> text.delete(at, at + length);
                case 1 -> text.insert(at, PIECES.get(random.nextInt(PIECES.size())));
                default -> text.replace(at, at + length, PIECES.get(random.nextInt(PIECES.size())));
            }
        }
        return text.toString();
    }
}
