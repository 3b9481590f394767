package awl.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class PageTest {

    @Test
    void textIsEscapedEverywhere() {
        String bad = "<script>&\"";
        String page = new Page(bad)
                .section("id", bad)
                .heading(bad)
                .paragraph(bad)
                .note(bad)
                .cards(List.of(new Page.Card(bad, bad, bad, bad)))
                .table(new Table(bad, List.of(bad)).group(bad).row(bad, List.of()))
                .figures(List.of(bad), List.of(bad), List.of(IntervalChart.of("i", bad, List.of(row(bad)), 0.5)))
                .toString();
        assertThat(page).doesNotContain("<script>").contains("&lt;script&gt;&amp;&quot;");
    }

    private static IntervalChart.Row row(String label) {
        return new IntervalChart.Row(label, List.of(new IntervalChart.Dot(0, label, ReportSamples.share(0.5))));
    }

    @Test
    void contentsNameEverySection() {
        assertThat(new Page("A page")
                        .section("one", "First")
                        .section("two", "Second")
                        .toString())
                .contains("<a href=\"#one\">First</a>", "<a href=\"#two\">Second</a>", "<section id=\"two\"")
                .containsSubsequence("<h1>", "<nav", "<section", "</section>", "<section", "</section>");
    }

    @Test
    void aPageIsThereWholeOrNotAtAll(@TempDir Path folder) throws java.io.IOException {
        Path file = folder.resolve("page.html");
        new Page("A page").write(file);
        assertThat(Files.readString(file))
                .contains("prefers-color-scheme: dark", "@media print", "width=device-width")
                .endsWith("</html>\n");
        try (var left = Files.list(folder)) {
            assertThat(left).hasSize(1);
        }
    }
}
