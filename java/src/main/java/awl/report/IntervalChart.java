package awl.report;

import java.util.List;

/// Shares as marks with their 95 % intervals, a row each, on one scale from 0 to 100 %.
final class IntervalChart {

    private static final int ROW = 24;
    private static final int BETWEEN = 8;
    private static final int TOP = 8;
    private static final int BOTTOM = 22;
    private static final int VALUE = 42;

    private IntervalChart() {}

    /// @param dots none for a heading; one is written out beside
    record Row(String label, List<Dot> dots) {}

    /// @param series which mark and colour
    /// @param name of the series
    record Dot(int series, String name, Estimate share) {}

    /// @param reference a share to be marked by a line, NaN for none
    static String of(String id, String title, List<Row> rows, double reference) {
        int left = (int) Math.min(
                130,
                10
                        + Svg.room(rows.stream()
                                .mapToInt(row -> row.label.length())
                                .max()
                                .orElse(0)));
        boolean values = rows.stream().allMatch(row -> row.dots.size() <= 1);
        int height =
                TOP + BOTTOM + rows.stream().mapToInt(IntervalChart::height).sum();
        Axis axis = new Axis(0, 1, left, Svg.WIDTH - (values ? VALUE : 8), false);
        Svg svg = new Svg(id, height, title, describe(rows));
        int bottom = height - BOTTOM;
        for (int percent = 0; percent <= 100; percent += 25) {
            double x = axis.place(percent / 100.0);
            svg.line("grid", x, TOP, x, bottom);
            svg.text("tick", x, bottom + 15, "middle", percent + (percent == 100 ? " %" : ""));
        }
        if (!Double.isNaN(reference)) {
            svg.line("reference", axis.place(reference), TOP, axis.place(reference), bottom);
        }
        double y = TOP;
        for (Row row : rows) {
            if (row.dots.size() > 1) {
                svg.line("grid", 0, y, Svg.WIDTH - 8, y);
            }
            double middle = y + height(row) / 2.0;
            svg.text(
                    row.dots.isEmpty() ? "group" : "name",
                    row.dots.isEmpty() ? 0 : left - 8,
                    middle + 4,
                    row.dots.isEmpty() ? "start" : "end",
                    row.dots.isEmpty() ? row.label : Svg.fitting(row.label, left - 8));
            for (int d = 0; d < row.dots.size(); d++) {
                dot(svg, axis, row, row.dots.get(d), middle + BETWEEN * (d - (row.dots.size() - 1) / 2.0), values);
            }
            y += height(row);
        }
        return svg.toString();
    }

    private static int height(Row row) {
        return row.dots.size() <= 1 ? ROW : 14 + BETWEEN * row.dots.size();
    }

    private static void dot(Svg svg, Axis axis, Row row, Dot dot, double y, boolean value) {
        Estimate share = dot.share;
        if (!share.defined()) {
            svg.text("tick", axis.from() + 4, y + 4, "start", value ? "undefined" : "");
            return;
        }
        String style = "whisker s" + dot.series % Svg.SHAPES;
        if (share.hasInterval()) {
            double low = axis.place(Math.max(0, share.low()));
            double high = axis.place(Math.min(1, share.high()));
            svg.line(style, low, y, high, y);
            svg.line(style, low, y - 3, low, y + 3).line(style, high, y - 3, high, y + 3);
        }
        svg.mark(
                dot.series,
                "",
                axis.place(share.value()),
                y,
                value ? 4.5 : 3.6,
                dot.name + ", " + row.label + ": " + share + " %");
        if (value) {
            svg.text("value", Svg.WIDTH, y + 4, "end", share.percent());
        }
    }

    private static String describe(List<Row> rows) {
        StringBuilder text = new StringBuilder("Percent with 95 % intervals. ");
        for (Row row : rows) {
            for (Dot dot : row.dots) {
                text.append(row.label);
                if (!dot.name.equals(row.label)) {
                    text.append(", ").append(dot.name);
                }
                text.append(": ").append(dot.share).append(". ");
            }
        }
        return text.toString().strip();
    }
}
