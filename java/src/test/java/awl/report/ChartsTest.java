package awl.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

final class ChartsTest {

    @Test
    void axesHaveRoundSteps() {
        assertThat(Axis.step(5.3)).isEqualTo(2.0);
        assertThat(Axis.step(0.9)).isEqualTo(0.2);
        assertThat(Axis.step(2200)).isEqualTo(1000.0);
        assertThat(Axis.step(150)).isEqualTo(50.0);
        assertThat(Axis.fromZero(0.83, 200, 0).ticks()).hasSizeBetween(3, 7).startsWith(0.0);
    }

    @Test
    void aPowerAxisHasEqualFactorsEquallyFar() {
        Axis axis = Axis.powers(0.02, 4.5, 300, 0);
        assertThat(axis.ticks()).containsExactly(0.01, 0.1, 1.0, 10.0);
        assertThat(axis.place(0.1) - axis.place(1)).isCloseTo(100, org.assertj.core.data.Offset.offset(1e-9));
    }

    @Test
    void ticksAreWrittenWithAsFewDigitsAsTheyNeed() {
        assertThat(Axis.label(2000)).isEqualTo("2,000");
        assertThat(Axis.label(0.25)).isEqualTo("0.25");
        assertThat(Axis.label(0.001)).isEqualTo("0.001");
        assertThat(Axis.label(-0.5)).isEqualTo("-0.5");
    }

    @Test
    void anIntervalIsDrawnWhereItIsAndAnUndefinedShareIsNamed() {
        String svg = IntervalChart.of(
                "i",
                "title",
                List.of(
                        new IntervalChart.Row(
                                "a", List.of(new IntervalChart.Dot(0, "a", new Estimate(0.5, 0.25, 0.75)))),
                        new IntervalChart.Row("b", List.of(new IntervalChart.Dot(1, "b", Estimate.UNDEFINED)))),
                Double.NaN);
        // From the label's end at 17 to 318: a quarter and three quarters.
        assertThat(svg)
                .contains("class=\"whisker s0\" x1=\"92.3\"", "x2=\"242.8\"", ">undefined<", "a: 50.0 [25.0, 75.0]");
        assertThat(svg).doesNotContain("NaN").doesNotContain("mark s1");
    }

    @Test
    void partsOfTheDifficultyPictureAreAsWideAsTheirShares() {
        String svg = DifficultyChart.of(
                "d",
                "title",
                List.of(
                        new ReportData.Bin("easy", true, 25, ReportSamples.share(0)),
                        new ReportData.Bin("hard", false, 75, ReportSamples.share(1))));
        // 314 units from 34: the border is at a quarter.
        assertThat(svg)
                .contains("class=\"border\" x1=\"112.5\"", "25 % solved without tools", "easy: 0 %", "hard: 100 %");
        assertThat(svg).contains("class=\"easy\"", "class=\"hard\"", "class=\"stripe\"");
    }

    @Test
    void nothingEasyAndNothingAtAllCanBeDrawn() {
        String hard = DifficultyChart.of(
                "d",
                "title",
                List.of(
                        new ReportData.Bin("easy", true, 0, Estimate.UNDEFINED),
                        new ReportData.Bin("hard", false, 10, ReportSamples.share(1))));
        assertThat(hard).contains("0 % solved").doesNotContain("NaN").doesNotContain("class=\"easy\"");
        assertThat(DifficultyChart.of("d", "title", List.of())).doesNotContain("NaN");
        assertThat(FrontierChart.of("f", "title", "tokens", List.of())).doesNotContain("NaN");
        assertThat(CurveChart.of("c", new ReportData.Panel("t", "x", "y", List.of(), "")))
                .doesNotContain("NaN")
                .doesNotContain("Infinity");
    }

    @Test
    void theFrontierJoinsWhatNothingCheaperBeats() {
        String svg = FrontierChart.of(
                "f",
                "title",
                "tokens",
                List.of(
                        new FrontierChart.Point(0, "cheap", 5, ReportSamples.share(0.25)),
                        new FrontierChart.Point(1, "beaten", 20, ReportSamples.share(0.2)),
                        new FrontierChart.Point(2, "best", 19, ReportSamples.share(1))));
        String stairs = svg.substring(svg.indexOf("class=\"frontier\""));
        assertThat(stairs.substring(0, stairs.indexOf("/>")).split(" ")).hasSize(5); // class, first, under, best, end
        assertThat(svg).contains(">cheap<", ">beaten<", ">best<");
    }

    @Test
    void aWideSpanOfPositiveValuesGetsALogarithmicAxisThatSaysSo() {
        assertThat(panel(4.5, 0.01)).contains("logarithmic");
        assertThat(panel(4.5, 0.5)).doesNotContain("logarithmic");
        assertThat(panel(-1, 40)).doesNotContain("logarithmic").contains(">0<");
        assertThat(panel(0, 0)).doesNotContain("NaN").contains(">0<");
        assertThat(panel(-1e-6, -1e-6)).doesNotContain("NaN").contains(">0<");
    }

    private static String panel(double from, double to) {
        ReportData.Curve curve = new ReportData.Curve("c", List.of(1.0, 2.0), List.of(from, to));
        return CurveChart.of("t", new ReportData.Panel("t", "step", "loss", List.of(curve), ""));
    }
}
