package awl.compare;

import awl.report.Page;
import awl.report.Table;
import java.util.List;
import java.util.stream.Collectors;

/// A table that can be shown on a terminal, in Markdown and on a page.
///
/// @param heads the first is that of the row heads
/// @param rows as long as the heads
/// @param figures whether the cells are numbers
record Sheet(String title, List<String> heads, List<List<String>> rows, boolean figures) {

    String text() {
        StringBuilder text = new StringBuilder(title).append('\n');
        List<List<String>> all = new java.util.ArrayList<>(List.of(heads));
        all.addAll(rows);
        for (List<String> row : all) {
            StringBuilder line = new StringBuilder(" ");
            for (int c = 0; c < row.size(); c++) {
                int column = c;
                int width = all.stream()
                        .mapToInt(each -> each.get(column).length())
                        .max()
                        .orElse(0);
                String gap = " ".repeat(width - row.get(c).length());
                line.append(' ').append(figures && c > 0 ? gap + row.get(c) : row.get(c) + gap);
                line.append(' ');
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }

    String markdown() {
        StringBuilder text = new StringBuilder("## ").append(title).append("\n\n");
        line(text, heads);
        text.append("|---".repeat(heads.size())).append("|\n");
        rows.forEach(row -> line(text, row));
        return text.toString();
    }

    private static void line(StringBuilder text, List<String> cells) {
        text.append(
                cells.stream().map(cell -> cell.replace("|", "\\|")).collect(Collectors.joining(" | ", "| ", " |\n")));
    }

    Table table() {
        Table table = new Table(title, heads);
        if (!figures) {
            table.facts();
        }
        rows.forEach(row -> table.row(
                row.getFirst(),
                row.subList(1, row.size()).stream().map(Page::escape).toList()));
        return table;
    }
}
