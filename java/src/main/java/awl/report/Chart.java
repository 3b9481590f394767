package awl.report;

import java.util.List;
import java.util.Locale;

/// Charts as markup; colours come from the page's style, by the number of the series.
public final class Chart {

    private static final int WIDTH = 720;
    private static final int HEIGHT = 300;
    private static final int LEFT = 46;
    private static final int BOTTOM = 34;
    private static final int TOP = 10;

    private Chart() {}

    /// Which colour is what.
    public static String key(List<String> names) {
        StringBuilder html = new StringBuilder("<div class=\"key\">");
        for (int s = 0; s < names.size(); s++) {
            html.append("<span class=\"s%d\"><i></i>%s</span>".formatted(s, Page.escape(names.get(s))));
        }
        return html.append("</div>").toString();
    }

    /// Values of one thing, one a series.
    ///
    /// @param group heading of this and the following, where it is another than before
    /// @param shares 0 to 1; NaN is left out
    public record Bars(String group, String label, List<Double> shares) {}

    /// Horizontal bars in percent.
    public static String bars(List<Bars> rows) {
        StringBuilder html = new StringBuilder("<div class=\"bars\">");
        String group = "";
        for (Bars row : rows) {
            if (!row.group.equals(group)) {
                group = row.group;
                html.append("<div class=\"group\">").append(Page.escape(group)).append("</div>");
            }
            html.append("<div>").append(Page.escape(row.label)).append("</div><div>");
            for (int s = 0; s < row.shares.size(); s++) {
                double percent = 100 * row.shares.get(s);
                if (!Double.isNaN(percent)) {
                    html.append(String.format(
                            Locale.ROOT,
                            "<div class=\"bar s%d\"><i style=\"width:%.1f%%\"></i>%.0f %%</div>",
                            s,
                            percent,
                            percent));
                }
            }
            html.append("</div>\n");
        }
        return html.append("</div>").toString();
    }

    /// A curve.
    ///
    /// @param x ascending
    public record Curve(List<Double> x, List<Double> y) {}

    /// Curves over one pair of axes, y from zero.
    public static String curves(List<Curve> curves, String xLabel, String yLabel) {
        double most = 1e-9;
        double far = 1e-9;
        for (Curve curve : curves) {
            for (int i = 0; i < curve.x.size(); i++) {
                far = Math.max(far, curve.x.get(i));
                most = Math.max(most, curve.y.get(i));
            }
        }
        double yStep = step(most);
        double xStep = step(far);
        double top = Math.ceil(most / yStep) * yStep;
        StringBuilder svg = new StringBuilder("<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s over %s\">"
                .formatted(WIDTH, HEIGHT, Page.escape(yLabel), Page.escape(xLabel)));
        for (int i = 0; i * yStep <= top + 1e-12; i++) {
            double y = py(i * yStep, top);
            svg.append(format("<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, WIDTH, y, y));
            svg.append(format(
                    "<text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", LEFT - 6, y + 4, number(i * yStep)));
        }
        for (int i = 0; i * xStep <= far + 1e-12; i++) {
            double x = px(i * xStep, far);
            svg.append(format(
                    "<text x=\"%.1f\" y=\"%d\" text-anchor=\"%s\">%s</text>",
                    x, HEIGHT - BOTTOM + 16, i == 0 ? "start" : "middle", number(i * xStep)));
        }
        svg.append(format(
                "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>", WIDTH, HEIGHT - 3, Page.escape(xLabel)));
        for (int s = 0; s < curves.size(); s++) {
            svg.append("<polyline class=\"s").append(s).append("\" points=\"");
            Curve curve = curves.get(s);
            for (int i = 0; i < curve.x.size(); i++) {
                svg.append(format("%.1f,%.1f ", px(curve.x.get(i), far), py(curve.y.get(i), top)));
            }
            svg.append("\"/>");
        }
        return svg.append("</svg>").toString();
    }

    private static double px(double x, double far) {
        return LEFT + x / far * (WIDTH - LEFT - 4);
    }

    private static double py(double y, double top) {
        return HEIGHT - BOTTOM - y / top * (HEIGHT - BOTTOM - TOP);
    }

    /// A round distance that gives four to ten lines.
    static double step(double most) {
        double power = Math.pow(10, Math.floor(Math.log10(most)));
        double leading = most / power;
        return power * (leading < 2 ? 0.25 : leading < 5 ? 0.5 : 1);
    }

    private static String number(double value) {
        return value == Math.rint(value)
                ? String.format(Locale.ROOT, "%,.0f", value)
                : String.format(Locale.ROOT, "%.2f", value);
    }

    private static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }
}
