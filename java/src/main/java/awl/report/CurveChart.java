package awl.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.DoubleStream;

/// Curves over one pair of axes, each named at its end. Where values span more than thirty times, all of them
/// positive, the axis is logarithmic and says so.
public final class CurveChart {

    private static final int HEIGHT = 220;
    private static final int LEFT = 40;
    private static final int TOP = 24;
    private static final int BOTTOM = 34;
    private static final double LINE = 13;

    private CurveChart() {}

    /// @param id unique in the page
    public static String of(String id, ReportData.Panel panel) {
        List<ReportData.Curve> curves = panel.curves();
        boolean named = curves.size() > 1;
        int longest = curves.stream().mapToInt(c -> c.name().length()).max().orElse(0);
        double right = Svg.WIDTH - (named ? 10 + Svg.CHARACTER * longest : 12);
        double most = values(curves).filter(Double::isFinite).max().orElse(1);
        double least = values(curves).filter(Double::isFinite).min().orElse(0);
        boolean log = least > 0 && most / least > 30;
        Axis y = log
                ? Axis.powers(least, most, HEIGHT - BOTTOM, TOP)
                : least < 0 ? around(least, most) : Axis.fromZero(most, HEIGHT - BOTTOM, TOP);
        double far = curves.stream()
                .flatMap(c -> c.x().stream())
                .mapToDouble(Double::doubleValue)
                .max()
                .orElse(1);
        Axis x = new Axis(0, Math.max(far, 1e-9), LEFT, right, false);
        Svg svg = new Svg(id, HEIGHT, panel.title(), describe(panel));
        for (double tick : y.ticks()) {
            svg.line("grid", LEFT, y.place(tick), right, y.place(tick));
            svg.text("tick", LEFT - 5, y.place(tick) + 4, "end", Axis.label(tick));
        }
        for (double tick : x.ticks()) {
            svg.text("tick", x.place(tick), HEIGHT - BOTTOM + 14, "middle", Axis.label(tick));
        }
        svg.text("tick", 0, 12, "start", panel.yLabel() + (log ? " (logarithmic)" : ""));
        svg.text("tick", right, HEIGHT - 5, "end", panel.xLabel());
        List<double[]> ends = new ArrayList<>();
        for (int c = 0; c < curves.size(); c++) {
            ReportData.Curve curve = curves.get(c);
            StringBuilder points = new StringBuilder();
            for (int i = 0; i < curve.x().size(); i++) {
                if (Double.isFinite(curve.y().get(i))) {
                    points.append(Svg.format(
                            "%.1f,%.1f ",
                            x.place(curve.x().get(i)), y.place(curve.y().get(i))));
                }
            }
            svg.polyline("curve " + style(c, named), points.toString().strip());
            if (curve.y().size() == 1) { // one step makes no line
                svg.mark(c, "", x.place(curve.x().getFirst()), y.place(curve.y().getFirst()), 3.5, curve.name());
            }
            if (!curve.y().isEmpty()) {
                ends.add(new double[] {c, y.place(curve.y().getLast())});
            }
        }
        if (named) {
            name(svg, curves, ends, right + 5);
        }
        return svg.toString();
    }

    /// Colour and dashes: both say which curve it is.
    private static String style(int curve, boolean named) {
        return "c" + (named ? curve % 4 : 3);
    }

    private static Axis around(double least, double most) {
        most = Math.max(0, most); // zero is on the axis: it is what a margin is compared with
        double step = Axis.step(most - least);
        return new Axis(Math.floor(least / step) * step, Math.ceil(most / step) * step, HEIGHT - BOTTOM, TOP, false);
    }

    /// Names at the ends of the curves, pushed apart where they would overlap.
    private static void name(Svg svg, List<ReportData.Curve> curves, List<double[]> ends, double x) {
        ends.sort(Comparator.comparingDouble(end -> end[1]));
        double lowest = HEIGHT - BOTTOM - 1;
        for (int i = ends.size() - 1; i >= 0; i--) { // from the bottom up: nothing leaves the drawing
            ends.get(i)[1] = Math.min(ends.get(i)[1] + 4, lowest);
            lowest = ends.get(i)[1] - LINE;
        }
        for (double[] end : ends) {
            int c = (int) end[0];
            svg.text("end", x, end[1], "start", curves.get(c).name());
        }
    }

    private static DoubleStream values(List<ReportData.Curve> curves) {
        return curves.stream().flatMap(c -> c.y().stream()).mapToDouble(Double::doubleValue);
    }

    private static String describe(ReportData.Panel panel) {
        StringBuilder text = new StringBuilder(panel.yLabel() + " over " + panel.xLabel() + ". ");
        for (ReportData.Curve curve : panel.curves()) {
            if (!curve.y().isEmpty()) {
                text.append(Svg.format(
                        "%s: from %.3g to %.3g. ",
                        curve.name(), curve.y().getFirst(), curve.y().getLast()));
            }
        }
        return text.toString().strip();
    }
}
