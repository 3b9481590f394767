package awl.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

final class ReportTest {

    private final String page = Report.page(ReportSamples.data()).toString();

    @Test
    void everySectionIsThere() {
        assertThat(page)
                .contains(
                        List.of("results", "difficulty", "cost", "kinds", "training", "transcripts", "making").stream()
                                .map(id -> "<section id=\"" + id + "\"")
                                .toList());
        assertThat(page).contains("94.0<small>[92.0, 96.0]</small>", "+60.6<small>[56.8, 64.3]</small>", "A remark.");
    }

    @Test
    void namesAreEscaped() {
        assertThat(page).doesNotContain("<b>&").contains("&lt;b&gt;&amp;&quot;long-name");
    }

    @Test
    void nothingComesFromElsewhereAndNothingRuns() {
        assertThat(page).doesNotContain("http", "src=", "url(", "<script", "<link", "@import");
    }

    @Test
    void whatWasNotMeasuredIsNotShown() {
        assertThat(page).doesNotContain("NaN").doesNotContain("fixed partition").doesNotContain("tools required");
        assertThat(page).contains(">undefined<");
    }

    @Test
    void learnedTextIsMarkedAndNothingElse() {
        assertThat(page).contains("&lt;user&gt;How far?&lt;eot&gt;<mark class=\"learned\">answer 12&lt;eot&gt;</mark>");
    }

    @Test
    void everyDrawingHasATitleAndEveryIdIsUnique() {
        Matcher drawings = Pattern.compile("<svg [^>]*role=\"img\" aria-labelledby=\"(\\S+) (\\S+)\"")
                .matcher(page);
        int count = 0;
        while (drawings.find()) {
            assertThat(page)
                    .contains("<title id=\"" + drawings.group(1) + "\">", "<desc id=\"" + drawings.group(2) + "\">");
            count++;
        }
        assertThat(count).isGreaterThan(9);
        Set<String> ids = new HashSet<>();
        Matcher id = Pattern.compile(" id=\"([^\"]+)\"").matcher(page);
        while (id.find()) {
            assertThat(ids.add(id.group(1))).as(id.group(1)).isTrue();
        }
    }

    @Test
    void theModelsComparedHaveToBeThere() {
        ReportData data = ReportSamples.data();
        assertThatThrownBy(() -> new ReportData(
                        "t",
                        List.of(),
                        "base",
                        "nobody",
                        data.models(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of(),
                        List.of()))
                .hasMessageContaining("nobody")
                .hasMessageContaining("traces-only");
    }
}
