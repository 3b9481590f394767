package awl.token;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import awl.token.jinja.RenderOptions;
import awl.token.jinja.RenderResult;
import awl.token.jinja.Span;
import awl.token.jinja.TemplateException;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChatTemplateTest {
    private static final String MARKED = "{% for m in messages %}{% if m.role == 'assistant' %}A:"
            + "{% generation %}{{ m.content }}"
            + "{% endgeneration %};{% else %}{{ m.content }};{% endif %}{% endfor %}";

    private static Map<String, Object> message(String role, String content) {
        return Map.of("role", role, "content", content);
    }

    @Test
    void spansCountCodePointsAndUtf16Units() {
        RenderResult result = ChatTemplate.of(MARKED, "marked")
                .render(ChatTemplate.Request.of(List.of(message("user", "😀"), message("assistant", "b😀")), false));
        assertThat(result.text()).isEqualTo("😀;A:b😀;");
        assertThat(result.generation()).contains(List.of(new Span(4, 6)));
        assertThat(result.generationUtf16()).containsExactly(new Span(5, 8));
        assertThat(result.text().substring(5, 8)).isEqualTo("b😀");
    }

    @Test
    void noBlockNoSpans() {
        RenderResult result =
                ChatTemplate.of("x", "plain").render(ChatTemplate.Request.of(List.of(message("user", "a")), false));
        assertThat(result.generation()).isEmpty();
        assertThat(result.generationUtf16()).isEmpty();
    }

    @Test
    void continuesTheFinalMessage() {
        ChatTemplate template = ChatTemplate.of(MARKED, "marked");
        ChatTemplate.Request request =
                ChatTemplate.Request.of(List.of(message("user", "q"), message("assistant", "so far ")), false);
        assertThat(template.renderToContinue(request, RenderOptions.standard()).text())
                .isEqualTo("q;A:so far ");
        assertThatExceptionOfType(TemplateException.class)
                .isThrownBy(() -> template.renderToContinue(request, RenderOptions.standard(), "thinking"))
                .withMessageContaining("no 'thinking' to continue");
    }

    @Test
    void reasoningIsKnownByEveryName() {
        ChatTemplate template = ChatTemplate.of("{{ messages[0].reasoning_content }}|{{ messages[0].thinking }}", "t");
        Map<String, Object> spoken = Map.of("role", "assistant", "content", "", "reasoning", "hm");
        assertThat(template.render(ChatTemplate.Request.of(List.of(spoken), false))
                        .text())
                .isEqualTo("hm|hm");
    }

    @Test
    void oneTemplateServesManyThreads() {
        ChatTemplate template = ChatTemplate.of(MARKED, "marked");
        List<String> texts = IntStream.range(0, 500)
                .parallel()
                .mapToObj(i -> template.render(
                                ChatTemplate.Request.of(List.of(message("assistant", "text " + i)), false))
                        .text())
                .toList();
        assertThat(texts)
                .startsWith("A:text 0;", "A:text 1;")
                .endsWith("A:text 499;")
                .doesNotHaveDuplicates();
    }
}
