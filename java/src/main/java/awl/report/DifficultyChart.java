package awl.report;

import java.util.List;

/// Tool rate against difficulty, as in the paper's figure: questions from easy to hard along the axis, each part as
/// wide as its share; how high it is says how often the tool was used. The dashed line stands where the model's own
/// answers end: learning moves it to the right, and deciding well makes it a step from 0 to 100 %.
final class DifficultyChart {

    private static final int LEFT = 34;
    private static final int TOP = 44;
    private static final int BOTTOM = 40;
    private static final int HEIGHT = 240;

    private DifficultyChart() {}

    /// @param bins from the easiest to the hardest
    static String of(String id, String title, List<ReportData.Bin> bins) {
        int all = bins.stream().mapToInt(ReportData.Bin::questions).sum();
        Axis x = new Axis(0, Math.max(1, all), LEFT, Svg.WIDTH - 12, false);
        Axis y = new Axis(0, 1, HEIGHT - BOTTOM, TOP, false);
        Svg svg = new Svg(id, HEIGHT, title, describe(bins, all));
        for (int percent = 0; percent <= 100; percent += 25) {
            double py = y.place(percent / 100.0);
            svg.line("grid", LEFT, py, Svg.WIDTH - 12, py);
            svg.text("tick", LEFT - 5, py + 4, "end", String.valueOf(percent));
            svg.text("tick", x.place(all * percent / 100.0), HEIGHT - BOTTOM + 14, "middle", percent + " %");
        }
        int from = 0;
        int easy = 0;
        for (ReportData.Bin bin : bins) {
            bar(svg, x, y, bin, from);
            from += bin.questions();
            easy += bin.easy() ? bin.questions() : 0;
        }
        double border = x.place(easy);
        svg.line("border", border, TOP - 12, border, HEIGHT - BOTTOM);
        double share = all == 0 ? 0 : 100.0 * easy / all;
        boolean room = border < Svg.WIDTH - 160;
        svg.text(
                "name",
                border + (room ? 4 : -4),
                TOP - 15,
                room ? "start" : "end",
                Svg.format("%.0f %% solved without tools", share));
        svg.text("tick", 0, 12, "start", "tool used, %");
        svg.text("tick", Svg.WIDTH - 12, HEIGHT - 8, "end", "questions, easy to hard");
        svg.line("axis", LEFT, HEIGHT - BOTTOM, Svg.WIDTH - 12, HEIGHT - BOTTOM);
        return svg.toString();
    }

    private static void bar(Svg svg, Axis x, Axis y, ReportData.Bin bin, int from) {
        double left = x.place(from);
        double width = x.place(from + bin.questions()) - left;
        Estimate rate = bin.toolRate();
        if (!rate.defined() || bin.questions() == 0) {
            return;
        }
        double top = Math.min(y.place(rate.value()), y.place(0) - 2); // zero is drawn too, as a line
        svg.rect(bin.easy() ? "easy" : "hard", left + 0.5, top, Math.max(1, width - 1), y.place(0) - top);
        if (!bin.easy()) {
            stripes(svg, left + 0.5, top, Math.max(1, width - 1), y.place(0) - top);
        }
        double middle = left + width / 2;
        if (rate.hasInterval()) {
            svg.line("interval", middle, y.place(Math.max(0, rate.low())), middle, y.place(Math.min(1, rate.high())));
        }
        if (width > 34) {
            boolean inside = top < y.place(0.8);
            double below = y.place(Math.max(0, rate.low()));
            double above = y.place(Math.min(1, Double.isNaN(rate.high()) ? rate.value() : rate.high()));
            String text = Svg.format("%s: %.0f %%", bin.label(), 100 * rate.value());
            svg.text(inside ? "value inside" : "value", middle, inside ? below + 16 : above - 6, "middle", text);
        }
    }

    /// Slanting lines: hard is told from easy without its colour too.
    private static void stripes(Svg svg, double x, double y, double width, double height) {
        for (double at = x - height + 10; at < x + width; at += 14) {
            double from = Math.max(x, at);
            double to = Math.min(x + width, at + height);
            if (to > from) {
                svg.line("stripe", from, y + height - (from - at), to, y + height - (to - at));
            }
        }
    }

    private static String describe(List<ReportData.Bin> bins, int all) {
        StringBuilder text = new StringBuilder();
        for (ReportData.Bin bin : bins) {
            text.append(Svg.format(
                    "%s (%s): %d of %d questions, tool used in %s %%. ",
                    bin.label(), bin.easy() ? "easy" : "hard", bin.questions(), all, bin.toolRate()));
        }
        return text.toString().strip();
    }
}
