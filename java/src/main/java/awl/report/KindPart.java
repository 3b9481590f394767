package awl.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Figures of every set and kind of question: three charts, and the same as a table.
final class KindPart {

    private final ReportData data;
    private final List<ReportData.Model> models;

    KindPart(ReportData data) {
        this.data = data;
        this.models = data.models().stream()
                .filter(model ->
                        data.kinds().stream().anyMatch(kind -> kind.results().containsKey(model.name())))
                .toList();
    }

    void add(Page page) {
        page.html(key());
        page.figures(
                List.of("Tool used, tools optional", "Accuracy, tools optional", "Accuracy, no tools"),
                List.of(),
                List.of(
                        chart("k0", "Tool rate by kind", ReportData.KindResult::toolRate),
                        chart("k1", "Accuracy by kind, tools optional", ReportData.KindResult::optional),
                        chart("k2", "Accuracy by kind, no tools", ReportData.KindResult::none)));
        page.html("<details><summary>The same as a table</summary>\n" + table() + "</details>");
    }

    /// Which mark is which model.
    private String key() {
        StringBuilder html = new StringBuilder("<div class=\"key\">");
        for (ReportData.Model model : models) {
            int series = data.index(model.name());
            html.append(
                    "<span><svg viewBox=\"0 0 14 14\" aria-hidden=\"true\"><path class=\"mark s%d\" d=\"%s\"/></svg>%s</span>"
                            .formatted(series % Svg.SHAPES, Svg.shape(series, 7, 7, 4.5), Page.escape(model.name())));
        }
        return html.append("</div>").toString();
    }

    private String chart(String id, String title, Function<ReportData.KindResult, Estimate> measure) {
        List<IntervalChart.Row> rows = new ArrayList<>();
        String set = "";
        for (ReportData.Kind kind : data.kinds()) {
            if (!kind.set().equals(set)) {
                set = kind.set();
                rows.add(new IntervalChart.Row(set, List.of()));
            }
            List<IntervalChart.Dot> dots = new ArrayList<>();
            for (ReportData.Model model : models) {
                ReportData.KindResult result = kind.results().get(model.name());
                dots.add(new IntervalChart.Dot(
                        data.index(model.name()),
                        model.name(),
                        result == null ? Estimate.UNDEFINED : measure.apply(result)));
            }
            rows.add(new IntervalChart.Row(label(kind), dots));
        }
        return IntervalChart.of(id, title, rows, Double.NaN);
    }

    private static String label(ReportData.Kind kind) {
        return kind.note().isEmpty() ? kind.name() : kind.name() + " (" + kind.note() + ")";
    }

    private Table table() {
        List<String> heads = new ArrayList<>(List.of("kind", "questions"));
        for (String measure : List.of("no tools", "optional", "tool used")) {
            models.forEach(model -> heads.add(measure + ", " + model.name()));
        }
        Table table = new Table("Percent by kind of question", heads);
        String set = "";
        for (ReportData.Kind kind : data.kinds()) {
            if (!kind.set().equals(set)) {
                set = kind.set();
                table.group(set);
            }
            List<String> cells = new ArrayList<>(List.of(String.valueOf(kind.questions())));
            cells.addAll(cells(kind, ReportData.KindResult::none));
            cells.addAll(cells(kind, ReportData.KindResult::optional));
            cells.addAll(cells(kind, ReportData.KindResult::toolRate));
            table.row(label(kind), cells);
        }
        return table;
    }

    private List<String> cells(ReportData.Kind kind, Function<ReportData.KindResult, Estimate> measure) {
        return models.stream()
                .map(model -> kind.results().get(model.name()))
                .map(result -> Table.figure(result == null ? Estimate.UNDEFINED : measure.apply(result)))
                .toList();
    }
}
