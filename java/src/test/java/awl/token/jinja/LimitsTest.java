package awl.token.jinja;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A hostile template ends soon, and always in a [TemplateException].
class LimitsTest {
    private static final Limits SMALL = new Limits(100_000, 1 << 20, 1 << 18, 1 << 18, 100, 1 << 14, 1 << 20, 200);

    private static String render(String source) {
        return JinjaTemplate.parse(source, "t", SMALL)
                .render(Map.of(), RenderOptions.standard().withLimits(SMALL))
                .text();
    }

    private static TemplateException failure(String source) {
        try {
            render(source);
        } catch (TemplateException e) {
            return e;
        }
        throw new AssertionError("rendered: " + source);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
                "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
                "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
                "{% block a %}{{ self.a() }}{% endblock %}",
                "{{ 'x' * 999999999 }}",
                "{{ [0] * 999999999 }}",
                "{{ 9 ** (9 ** 9) }}",
                "{{ 2 ** 99999999999999999999 }}",
                "{% set ns = namespace(s='x') %}{% for i in range(99) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = ns.l + ns.l %}{% endfor %}",
                "{% set ns = namespace(l=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}{% endfor %}{{ ns.l }}",
                "{% set ns = namespace(l=[1], m=[1]) %}{% for i in range(99) %}{% set ns.l = [ns.l, ns.l] %}"
                        + "{% set ns.m = [ns.m, ns.m] %}{% endfor %}{{ ns.l == ns.m }}",
                "{% set ns = namespace(l=1) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l }}",
                "{% set ns = namespace(l=1) %}{% for i in range(9999) %}{% set ns.l = [ns.l] %}{% endfor %}{{ ns.l | tojson }}",
                "{% set ns = namespace(l=(1,)) %}{% for i in range(99) %}{% set ns.l = (ns.l, ns.l) %}{% endfor %}{{ {ns.l: 1} }}",
                "{{ '%999999999d' % 1 }}",
                "{{ '{:999999999}'.format(1) }}",
                "{{ 'x'.center(999999999) }}",
                "{{ 'x' | indent(999999999, true) }}",
                "{{ 'a\tb'.expandtabs(999999999) }}",
                "{{ [1] | batch(999999999, 'x') | list }}",
                "{{ [1] | slice(999999999) | list }}",
                "{{ ('x' * 200000).replace('', 'yyyyyyyyyy') }}",
                "{{ [[1]] | tojson(indent=999999999) }}",
                "{% for i in range(9999) %}{{ 'x' * 99999 }}{% endfor %}"
            })
    void boundsEverything(String source) {
        TemplateException failure = failure(source);
        assertThat(failure.kind()).as(failure.getMessage()).isEqualTo(TemplateException.Kind.LIMIT);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "[", "{1:", "not ", "-", "x(", "1 if 1 else ", "x[", "'a' if "})
    void boundsNestingOfExpressions(String opening) {
        assertThat(failure("{{ " + opening.repeat(50_000)).kind())
                .isIn(TemplateException.Kind.LIMIT, TemplateException.Kind.SYNTAX);
    }

    @ParameterizedTest
    @ValueSource(strings = {"+1", "~1", "|e", ".a", "[0]", "()", " and 1", " is defined", "==1", "**1"})
    void boundsChains(String link) {
        String source = "{{ 1" + link.repeat(50_000) + " }}";
        try {
            // a chain may be flat, and then it is harmless
            assertThat(render(source)).isNotNull();
        } catch (TemplateException e) {
            assertThat(e.reason()).isNotEmpty();
        }
    }

    @Test
    void boundsNestingOfBlocks() {
        assertThat(failure("{% if true %}".repeat(50_000)).kind()).isEqualTo(TemplateException.Kind.LIMIT);
    }

    @Test
    void survivesASmallStack() throws InterruptedException {
        Throwable[] thrown = new Throwable[1];
        Thread thread = new Thread(
                null,
                () -> {
                    try {
                        render(
                                "{% macro m(n) %}{% if n %}{{ [(m(n - 1) | upper) ~ ''] | join }}{% endif %}{% endmacro %}{{ m(90) }}");
                    } catch (RuntimeException e) {
                        thrown[0] = e;
                    }
                },
                "small stack",
                200_000);
        thread.start();
        thread.join();
        assertThat(thrown[0] == null || thrown[0] instanceof TemplateException)
                .as("%s", thrown[0])
                .isTrue();
    }

    @Test
    void deepDataIsRefused() {
        Object deep = "leaf";
        for (int i = 0; i < 200_000; i++) {
            deep = List.of(deep);
        }
        Object data = deep;
        assertThatExceptionOfType(TemplateException.class)
                .isThrownBy(
                        () -> JinjaTemplate.parse("{{ x }}", "t").render(Map.of("x", data), RenderOptions.standard()));
    }

    /// Printing an object of the template engine shows nothing of the Java that runs it, and twice the same.
    @ParameterizedTest
    @ValueSource(strings = {"cycler(1)", "joiner()", "namespace(a=1)", "range", "[cycler(1)]", "{}.items()", "dict"})
    void printsNothingOfJava(String expression) {
        String printed = render("{{ " + expression + " }}");
        assertThat(printed)
                .isNotBlank()
                .doesNotContain("awl", "java", "@")
                .isEqualTo(render("{{ " + expression + " }}"));
    }

    @Test
    void saysWhere() {
        TemplateException failure = failure("one\n{% if true %}\n{{ missing.part }}\n{% endif %}");
        assertThat(failure.getMessage()).isEqualTo("t:3: 'missing' is undefined");
        assertThat(failure.line()).isEqualTo(3);
        assertThat(failure("\n{% if %}").getMessage()).startsWith("t:2: Expected an expression");
        assertThat(failure("{{ raise_exception('no ' ~ 1) }}").reason()).isEqualTo("no 1");
    }
}
