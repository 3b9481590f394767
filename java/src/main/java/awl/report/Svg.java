package awl.report;

import java.util.Locale;

/// A drawing as markup, with a title and a description for those who do not see it. Colours come from the
/// page's style.
///
/// A unit is about a pixel on a phone: drawings are 360 units wide there and a little larger on a desk, so that text
/// stays readable.
final class Svg {

    /// Width of every drawing.
    static final int WIDTH = 360;

    /// Mean width of a character of the usual text.
    static final double CHARACTER = 6.1;

    /// How much of a width letters may take that are wider than the average.
    private static final double WIDEST = 0.85;

    private final StringBuilder body = new StringBuilder();
    private final int height;

    /// @param id unique in the page
    Svg(String id, int height, String title, String description) {
        this.height = height;
        body.append(format(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-labelledby=\"%s-t %s-d\">"
                        + "<title id=\"%s-t\">%s</title><desc id=\"%s-d\">%s</desc>\n",
                WIDTH, height, id, id, id, Page.escape(title), id, Page.escape(description)));
    }

    int height() {
        return height;
    }

    Svg line(String style, double x1, double y1, double x2, double y2) {
        return add("<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", style, x1, y1, x2, y2);
    }

    Svg rect(String style, double x, double y, double width, double high) {
        return add(
                "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>", style, x, y, width, high);
    }

    /// @param anchor `start`, `middle` or `end`
    Svg text(String style, double x, double y, String anchor, String text) {
        return add(
                "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>",
                style, x, y, anchor, Page.escape(text));
    }

    /// @param points `x,y x,y ...`
    Svg polyline(String style, String points) {
        return add("<polyline class=\"%s\" points=\"%s\"/>", style, points);
    }

    /// Width in which a text of so many letters fits whatever they are.
    static double room(int letters) {
        return letters * CHARACTER / WIDEST;
    }

    /// Text that fits a width whatever its letters, cut where it is longer: the table has it whole.
    static String fitting(String text, double width) {
        int room = (int) (WIDEST * width / CHARACTER);
        return text.length() <= room ? text : text.substring(0, Math.max(1, room - 1)) + "\u2026";
    }

    /// The mark of a series: shape and colour both say which it is.
    ///
    /// @param style further classes; `open` leaves its inside empty
    /// @param tip shown when pointed at
    Svg mark(int series, String style, double x, double y, double r, String tip) {
        return add(
                "<path class=\"mark s%d %s\" d=\"%s\"><title>%s</title></path>",
                series % SHAPES, style, shape(series, x, y, r), Page.escape(tip));
    }

    /// Different marks and colours there are.
    static final int SHAPES = 6;

    /// The outline of a mark.
    static String shape(int series, double x, double y, double r) {
        return switch (series % SHAPES) {
            case 0 ->
                format(
                        "M%.1f %.1fa%.1f %.1f 0 1 0 %.1f 0a%.1f %.1f 0 1 0 %.1f 0z",
                        x - r, y, r, r, 2 * r, r, r, -2 * r);
            case 1 -> polygon(x, y, r * 1.15, -90, 3);
            case 2 -> polygon(x, y, r * 1.2, 45, 4);
            case 3 -> polygon(x, y, r * 1.3, 0, 4);
            case 4 -> polygon(x, y, r * 1.15, 90, 3);
            default -> polygon(x, y, r * 1.15, 0, 6);
        };
    }

    private static String polygon(double x, double y, double r, double degrees, int corners) {
        StringBuilder path = new StringBuilder();
        for (int i = 0; i < corners; i++) {
            double angle = Math.toRadians(degrees + 360.0 * i / corners);
            path.append(format("%s%.1f %.1f", i == 0 ? "M" : "L", x + r * Math.cos(angle), y + r * Math.sin(angle)));
        }
        return path.append('z').toString();
    }

    private Svg add(String pattern, Object... values) {
        body.append(format(pattern, values)).append('\n');
        return this;
    }

    static String format(String pattern, Object... values) {
        return String.format(Locale.ROOT, pattern, values);
    }

    @Override
    public String toString() {
        return body + "</svg>";
    }
}
