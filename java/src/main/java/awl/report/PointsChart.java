package awl.report;

import java.util.List;

/// Series of points with whiskers over one pair of axes, joined by lines; which is which stands in [#key].
public final class PointsChart {

    private static final int HEIGHT = 230;
    private static final int LEFT = 44;
    private static final int TOP = 24;
    private static final int BOTTOM = 34;
    private static final int RIGHT = Svg.WIDTH - 14;

    /// Values that span more than this are drawn on a logarithmic axis.
    private static final double WIDE = 30;

    private PointsChart() {}

    /// @param series which colour and mark
    /// @param points by ascending x
    public record Series(int series, String name, List<Point> points) {
        public Series {
            points = List.copyOf(points);
        }
    }

    /// @param low where the whisker begins
    /// @param high where it ends
    public record Point(double x, double y, double low, double high) {}

    /// @param id unique in the page
    public static String of(String id, String title, String xLabel, String yLabel, List<Series> all) {
        double most = all.stream()
                .flatMap(series -> series.points.stream())
                .mapToDouble(Point::high)
                .max()
                .orElse(1);
        double least = all.stream()
                .flatMap(series -> series.points.stream())
                .mapToDouble(Point::low)
                .min()
                .orElse(0);
        double far = all.stream()
                .flatMap(series -> series.points.stream())
                .mapToDouble(Point::x)
                .max()
                .orElse(1);
        boolean log = least > 0 && most / least > WIDE;
        Axis y = log
                ? Axis.powers(least, most * 1.0001, HEIGHT - BOTTOM, TOP)
                : Axis.fromZero(most, HEIGHT - BOTTOM, TOP);
        Axis x = Axis.fromZero(far, LEFT, RIGHT);
        Svg svg = new Svg(id, HEIGHT, title, describe(xLabel, yLabel, all));
        for (double tick : y.ticks()) {
            svg.line("grid", LEFT, y.place(tick), RIGHT, y.place(tick));
            svg.text("tick", LEFT - 5, y.place(tick) + 4, "end", Axis.label(tick));
        }
        for (double tick : x.ticks()) {
            svg.text("tick", x.place(tick), HEIGHT - BOTTOM + 14, "middle", Axis.label(tick));
        }
        svg.text("tick", 0, 12, "start", yLabel + (log ? " (logarithmic)" : ""));
        svg.text("tick", RIGHT, HEIGHT - 5, "end", xLabel);
        for (Series series : all) {
            StringBuilder path = new StringBuilder();
            series.points.forEach(point -> path.append(Svg.format("%.1f,%.1f ", x.place(point.x), y.place(point.y))));
            svg.polyline(
                    "joined s" + series.series % Svg.SHAPES, path.toString().strip());
        }
        for (Series series : all) {
            for (Point point : series.points) {
                double at = x.place(point.x);
                svg.line("whisker s" + series.series % Svg.SHAPES, at, y.place(point.low), at, y.place(point.high));
                svg.mark(
                        series.series,
                        "",
                        at,
                        y.place(point.y),
                        4,
                        Svg.format("%s, %s %s: %.4g %s", series.name, Axis.label(point.x), xLabel, point.y, yLabel));
            }
        }
        return svg.toString();
    }

    /// Marks with their names, for above a drawing.
    ///
    /// @param names by series
    public static String key(List<String> names) {
        StringBuilder key = new StringBuilder("<div class=\"key\">");
        for (int i = 0; i < names.size(); i++) {
            key.append(
                    ("<span><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\"><path class=\"mark s%d\" d=\"%s\"/></svg>"
                                    + "%s</span>")
                            .formatted(i % Svg.SHAPES, Svg.shape(i, 6, 6, 4.6), Page.escape(names.get(i))));
        }
        return key.append("</div>").toString();
    }

    private static String describe(String xLabel, String yLabel, List<Series> all) {
        StringBuilder text = new StringBuilder(yLabel + " over " + xLabel + ". ");
        for (Series series : all) {
            text.append(series.name).append(": ");
            series.points.forEach(point -> text.append(Svg.format("%.4g at %s, ", point.y, Axis.label(point.x))));
        }
        return text.toString().strip();
    }
}
