package awl.report;

import java.util.List;

/// A table as markup: a caption, heads of columns, heads of rows. On a narrow page it scrolls by itself.
public final class Table {

    private final StringBuilder markup = new StringBuilder();
    private final String caption;
    private String style = "";
    private final int columns;

    /// @param caption what it shows
    /// @param heads of the columns; the first is that of the row heads
    public Table(String caption, List<String> heads) {
        columns = heads.size();
        this.caption = Page.escape(caption);
        markup.append("<caption>%s</caption><thead><tr>".formatted(this.caption));
        heads.forEach(head ->
                markup.append("<th scope=\"col\">").append(Page.escape(head)).append("</th>"));
        markup.append("</tr></thead><tbody>\n");
    }

    /// Its values are text, not numbers.
    public Table facts() {
        style = " facts";
        return this;
    }

    /// A row that names the following ones.
    public Table group(String name) {
        markup.append("<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"%d\">%s</th></tr>\n"
                .formatted(columns, Page.escape(name)));
        return this;
    }

    /// @param head of the row, as text
    /// @param cells as markup: [#figure] or escaped text
    public Table row(String head, List<String> cells) {
        markup.append("<tr><th scope=\"row\">").append(Page.escape(head)).append("</th>");
        cells.forEach(cell -> markup.append("<td>").append(cell).append("</td>"));
        markup.append("</tr>\n");
        return this;
    }

    /// An estimate in percent, its interval below it.
    static String figure(Estimate estimate) {
        return estimate.hasInterval()
                ? "%s<small>%s</small>".formatted(estimate.percent(), estimate.interval())
                : estimate.defined() ? estimate.percent() : "<span class=\"none\">&ndash;</span>";
    }

    /// A number, or a dash where there is none.
    public static String number(double value, int decimals) {
        return Double.isNaN(value) ? "<span class=\"none\">&ndash;</span>" : Svg.format("%,." + decimals + "f", value);
    }

    @Override
    public String toString() {
        return "<div class=\"scroll%s\" tabindex=\"0\" role=\"region\" aria-label=\"%s\"><table>%s</tbody></table></div>\n"
                .formatted(style, caption, markup);
    }
}
