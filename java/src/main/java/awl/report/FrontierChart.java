package awl.report;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/// Accuracy against cost: what a model writes for a question. A model is on the frontier where none is both
/// cheaper and better; the dashed stairs join those.
final class FrontierChart {

    private static final int HEIGHT = 260;
    private static final int LEFT = 34;
    private static final int RIGHT = Svg.WIDTH - 14;
    private static final int TOP = 24;
    private static final int BOTTOM = 36;

    private FrontierChart() {}

    /// @param series which mark and colour
    record Point(int series, String name, double cost, Estimate accuracy) {}

    /// @param cost what the horizontal axis counts
    static String of(String id, String title, String cost, List<Point> points) {
        List<Point> shown = points.stream()
                .filter(p -> p.accuracy.defined() && Double.isFinite(p.cost))
                .toList();
        double most = shown.stream().mapToDouble(Point::cost).max().orElse(1);
        Axis x = Axis.fromZero(most * 1.05, LEFT, RIGHT);
        Axis y = new Axis(0, 1, HEIGHT - BOTTOM, TOP, false);
        Svg svg = new Svg(id, HEIGHT, title, describe(shown, cost));
        for (int percent = 0; percent <= 100; percent += 25) {
            svg.line("grid", LEFT, y.place(percent / 100.0), RIGHT, y.place(percent / 100.0));
            svg.text("tick", LEFT - 5, y.place(percent / 100.0) + 4, "end", String.valueOf(percent));
        }
        for (double tick : x.ticks()) {
            svg.line("grid", x.place(tick), HEIGHT - BOTTOM, x.place(tick), HEIGHT - BOTTOM + 4);
            svg.text("tick", x.place(tick), HEIGHT - BOTTOM + 16, "middle", Axis.label(tick));
        }
        svg.text("tick", 0, 12, "start", "accuracy, tools optional, %");
        svg.text("tick", RIGHT, HEIGHT - 5, "end", cost);
        svg.polyline("frontier", stairs(shown, x, y));
        List<double[]> taken = new ArrayList<>();
        for (Point point : shown) {
            double px = x.place(point.cost);
            taken.add(new double[] {
                px - 6, y.place(point.accuracy.value()) - 6, px + 6, y.place(point.accuracy.value()) + 6
            });
            if (point.accuracy.hasInterval()) {
                svg.line(
                        "whisker s" + point.series % Svg.SHAPES,
                        px,
                        y.place(Math.max(0, point.accuracy.low())),
                        px,
                        y.place(Math.min(1, point.accuracy.high())));
            }
            svg.mark(point.series, "", px, y.place(point.accuracy.value()), 5, tip(point, cost));
        }
        for (Point point : shown) {
            label(svg, point.name, x.place(point.cost), y.place(point.accuracy.value()), taken);
        }
        return svg.toString();
    }

    /// Writes a name where nothing is yet: right, left, below, above, then further off.
    private static void label(Svg svg, String name, double px, double py, List<double[]> taken) {
        double width = Svg.CHARACTER * name.length() + 4;
        double[][] places = {
            {9, -5},
            {-9 - width, -5},
            {-width / 2, 13},
            {-width / 2, -19},
            {9, 9},
            {-9 - width, 9},
            {9, -19},
            {-9 - width, -19},
            {9, 23},
            {-9 - width, 23}
        };
        for (double[] place : places) {
            double[] box = {px + place[0], py + place[1], px + place[0] + width, py + place[1] + 12};
            boolean free = box[0] >= LEFT
                    && box[2] <= Svg.WIDTH
                    && box[1] >= 0
                    && box[3] <= HEIGHT - BOTTOM
                    && taken.stream().noneMatch(t -> box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3]);
            if (free) {
                taken.add(box);
                svg.text("halo", box[0], box[1] + 10, "start", name);
                return;
            }
        }
        // Too crowded: the mark's shape, the key and the table still say which it is.
    }

    private static String stairs(List<Point> points, Axis x, Axis y) {
        StringBuilder path = new StringBuilder();
        double best = -1;
        List<Point> cheapest = new ArrayList<>(points);
        cheapest.sort(Comparator.comparingDouble(Point::cost).thenComparing(p -> -p.accuracy.value()));
        for (Point point : cheapest) {
            double accuracy = point.accuracy.value();
            if (accuracy > best) {
                if (best >= 0) {
                    path.append(Svg.format("%.1f,%.1f ", x.place(point.cost), y.place(best)));
                }
                path.append(Svg.format("%.1f,%.1f ", x.place(point.cost), y.place(accuracy)));
                best = accuracy;
            }
        }
        return best < 0 ? "" : path + Svg.format("%d,%.1f", RIGHT, y.place(best));
    }

    private static String tip(Point point, String cost) {
        return Svg.format("%s: %s %%, %.1f %s", point.name, point.accuracy, point.cost, cost);
    }

    private static String describe(List<Point> points, String cost) {
        StringBuilder text = new StringBuilder();
        points.forEach(point -> text.append(tip(point, cost)).append(". "));
        return text.toString().strip();
    }
}
