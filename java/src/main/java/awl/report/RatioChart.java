package awl.report;

import java.util.List;

/// Bars from zero with whiskers, a row each under headings, such as times as multiples of one's own. A
/// dashed line marks one.
public final class RatioChart {

    private static final int ROW = 22;
    private static final int BAR = 9;
    private static final int TOP = 8;
    private static final int BOTTOM = 24;
    private static final int VALUE = 50;
    private static final int LEFT = 152;

    /// Headings have a width of their own; names beside bars share this much with them.
    private static final int NAME = LEFT - 8;

    private RatioChart() {}

    /// @param heading of the following rows
    public record Group(String heading, List<Bar> bars) {
        public Group {
            bars = List.copyOf(bars);
        }
    }

    /// @param series which colour and mark
    /// @param low where the whisker begins
    /// @param high where it ends
    public record Bar(int series, String name, double value, double low, double high) {}

    /// @param id unique in the page
    /// @param unit of the axis, such as `times as long as awl`
    public static String of(String id, String title, String unit, List<Group> groups) {
        int rows = groups.stream().mapToInt(group -> 1 + group.bars.size()).sum();
        int height = TOP + BOTTOM + 12 + ROW * rows;
        double most = groups.stream()
                .flatMap(group -> group.bars.stream())
                .mapToDouble(bar -> Math.max(bar.value, bar.high))
                .filter(Double::isFinite)
                .max()
                .orElse(1);
        Axis axis = Axis.fromZero(Math.max(most, 1), LEFT, Svg.WIDTH - VALUE);
        Svg svg = new Svg(id, height, title, describe(unit, groups));
        int bottom = height - BOTTOM - 12;
        for (double tick : axis.ticks()) {
            svg.line("grid", axis.place(tick), TOP, axis.place(tick), bottom);
            svg.text("tick", axis.place(tick), bottom + 14, "middle", Axis.label(tick));
        }
        svg.text("tick", Svg.WIDTH - VALUE, bottom + 29, "end", unit);
        svg.line("reference", axis.place(1), TOP, axis.place(1), bottom);
        double y = TOP;
        for (Group group : groups) {
            svg.text("group halo", 0, y + 15, "start", Svg.fitting(group.heading, Svg.WIDTH - 8));
            y += ROW;
            for (Bar bar : group.bars) {
                bar(svg, axis, bar, y + ROW / 2.0);
                y += ROW;
            }
        }
        return svg.toString();
    }

    private static void bar(Svg svg, Axis axis, Bar bar, double y) {
        svg.text("name", NAME, y + 4, "end", Svg.fitting(bar.name, NAME));
        if (!Double.isFinite(bar.value)) {
            svg.text("tick", LEFT + 4, y + 4, "start", "not measured");
            return;
        }
        String series = " s" + bar.series % Svg.SHAPES;
        svg.rect("bar" + series, LEFT, y - BAR / 2.0, Math.max(1, axis.place(bar.value) - LEFT), BAR);
        double low = axis.place(Math.max(0, bar.low));
        double high = axis.place(bar.high);
        svg.line("interval", low, y, high, y);
        svg.line("interval", low, y - 3, low, y + 3).line("interval", high, y - 3, high, y + 3);
        svg.text("value", Svg.WIDTH, y + 4, "end", number(bar.value));
    }

    private static String number(double value) {
        return Svg.format(value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%,.0f", value);
    }

    private static String describe(String unit, List<Group> groups) {
        StringBuilder text = new StringBuilder(unit + ", median with the middle three fifths of rounds. ");
        for (Group group : groups) {
            text.append(group.heading).append(": ");
            for (Bar bar : group.bars) {
                text.append(
                        Svg.format("%s %s [%s, %s], ", bar.name, number(bar.value), number(bar.low), number(bar.high)));
            }
        }
        return text.toString().strip();
    }
}
