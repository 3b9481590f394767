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
                .heading(bad)
                .paragraph(bad)
                .note(bad)
                .cards(List.of(new Page.Card(bad, bad, bad)))
                .table(List.of(List.of(bad), List.of(bad)), 1)
                .html(Chart.key(List.of(bad)))
                .html(Chart.bars(List.of(new Chart.Bars(bad, bad, List.of(0.5)))))
                .toString();
        assertThat(page).doesNotContain("<script>").contains("&lt;script&gt;&amp;&quot;");
    }

    @Test
    void nothingComesFromElsewhere(@TempDir Path folder) throws java.io.IOException {
        Path file = folder.resolve("page.html");
        new Page("A page").html(Chart.curves(List.of(), "x", "y")).write(file);
        assertThat(Files.readString(file))
                .contains("prefers-color-scheme: dark", "@media print", "width=device-width")
                .doesNotContain("http", "src=", "url(");
        try (var left = Files.list(folder)) {
            assertThat(left).hasSize(1);
        }
    }

    @Test
    void aCurveStaysInsideItsAxes() {
        String svg = Chart.curves(
                List.of(new Chart.Curve(List.of(0.0, 50.0, 100.0), List.of(0.0, 3.0, 6.0))), "step", "loss");
        assertThat(svg).contains("points=\"46.0,266.0 381.0,138.0 716.0,10.0 \"");
    }

    @Test
    void axesHaveRoundSteps() {
        assertThat(Chart.step(5.3)).isEqualTo(1.0);
        assertThat(Chart.step(0.9)).isEqualTo(0.1);
        assertThat(Chart.step(2200)).isEqualTo(500.0);
        assertThat(Chart.step(150)).isEqualTo(25.0);
    }

    @Test
    void anUndefinedShareHasNoBar() {
        String bars = Chart.bars(List.of(new Chart.Bars("g", "kind", List.of(Double.NaN, 0.25))));
        assertThat(bars).doesNotContain("s0", "NaN").contains("width:25.0%");
    }
}
