package awl.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A report in a real browser: on a phone and on a desk, light and dark, and on paper.
final class ReportBrowserTest {

    @TempDir
    Path folder;

    private Path page = Path.of("");

    @BeforeEach
    void write() {
        page = folder.resolve("report.html");
        Report.write(ReportSamples.data(), page);
    }

    @Test
    void nothingLeavesThePageOnAPhoneOrADesk() throws Exception {
        for (Map<String, @Nullable Object> seen : Browser.orSkip(folder).measure(page, false, 390, 1180)) {
            readable(seen, false);
        }
    }

    @Test
    void darkIsReadableToo() throws Exception {
        for (Map<String, @Nullable Object> seen : Browser.orSkip(folder).measure(page, true, 390, 1180)) {
            readable(seen, true);
        }
    }

    @Test
    void itPrintsOnSeveralSheets() throws Exception {
        String pdf = Browser.orSkip(folder).print(page);
        assertThat(pdf).startsWith("%PDF-");
        assertThat(Pattern.compile("/Type\\s*/Page\\b").matcher(pdf).results().count())
                .isBetween(2L, 12L);
    }

    private static void readable(Map<String, @Nullable Object> seen, boolean dark) {
        assertThat(seen).containsEntry("dark", dark);
        assertThat(number(seen.get("scrollWidth"))).as("width").isLessThanOrEqualTo(number(seen.get("width")));
        assertThat(seen.get("sections"))
                .asInstanceOf(InstanceOfAssertFactories.LIST)
                .isEqualTo(List.of("results", "difficulty", "cost", "kinds", "training", "transcripts", "making"));
        assertThat(number(seen.get("drawings"))).isGreaterThan(10);
        assertThat(number(seen.get("smallest")))
                .as("size of the smallest text in drawings")
                .isGreaterThan(8);
        assertThat(seen.get("overlaps")).as("words on words").isEqualTo(List.of());
        assertThat(seen.get("outside")).as("words outside their frame").isEqualTo(List.of());
        // WCAG 2.2: 4.5 for text, 3 for graphics.
        assertThat(ratio(seen.get("worst")))
                .as("contrast of text: %s", seen.get("worst"))
                .isGreaterThan(4.5);
        assertThat(ratio(seen.get("faintest")))
                .as("contrast of marks: %s", seen.get("faintest"))
                .isGreaterThan(3);
    }

    private static double ratio(@Nullable Object found) {
        return found instanceof Map<?, ?> map ? number(map.get("ratio")) : Double.NaN;
    }

    private static double number(@Nullable Object value) {
        return value instanceof Number number ? number.doubleValue() : Double.NaN;
    }
}
