package awl.report;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Shows [ReportData] as one page: what was run and what came of it first, how it was made last.
public final class Report {

    private final ReportData data;
    private final Page page;
    private final ReportData.Model before;
    private final ReportData.Model after;

    private Report(ReportData data) {
        this.data = data;
        this.page = new Page(data.title());
        this.before = data.model(data.before());
        this.after = data.model(data.after());
    }

    /// The page.
    public static Page page(ReportData data) {
        Report report = new Report(data);
        report.summary();
        report.accuracy();
        report.difficulty();
        report.cost();
        report.kinds();
        report.training();
        report.transcripts();
        report.making();
        return report.page;
    }

    /// Writes the page: it is there whole or not at all.
    public static void write(ReportData data, Path file) {
        page(data).write(file);
    }

    private void summary() {
        data.account().forEach(page::paragraph);
        List<Page.Card> cards = new ArrayList<>();
        cards.add(card("Accuracy, tools optional", model -> model.optional().accuracy()));
        cards.add(card("Accuracy, no tools", model -> model.none().accuracy()));
        cards.add(card(
                after.toolUseFixed().defined() ? "Tool-usage accuracy, by kind" : "Tool-usage accuracy",
                after.toolUseFixed().defined() ? ReportData.Model::toolUseFixed : ReportData.Model::toolUseOwn));
        if (Double.isFinite(after.optional().calls())) {
            cards.add(new Page.Card(
                    "Calls a question, tools optional",
                    Svg.format("%.2f", before.optional().calls()),
                    Svg.format("%.2f", after.optional().calls()),
                    Svg.format("%.1f tokens written", after.optional().tokens())));
        }
        page.cards(cards);
        page.note("From %s to %s; 95 %% intervals in brackets.".formatted(before.name(), after.name()));
    }

    private Page.Card card(String label, Function<ReportData.Model, Estimate> measure) {
        Estimate was = measure.apply(before);
        Estimate is = measure.apply(after);
        return new Page.Card(label, round(was), round(is), is.interval());
    }

    private static String round(Estimate estimate) {
        return estimate.defined() ? estimate.percent() + " %" : "undefined";
    }

    /// A measure of models.
    ///
    /// @param group of rows in the table
    /// @param label in it
    private record Measure(String group, String label, String title, Function<ReportData.Model, Estimate> of) {}

    private static final String TOOL_USE = "tool-usage accuracy";

    private static final List<Measure> MEASURES = List.of(
            new Measure(
                    "accuracy",
                    "tools optional",
                    "Accuracy, tools optional (P_i)",
                    model -> model.optional().accuracy()),
            new Measure(
                    "accuracy",
                    "no tools",
                    "Accuracy, no tools (P_n)",
                    model -> model.none().accuracy()),
            new Measure(
                    "accuracy",
                    "tools required",
                    "Accuracy, tools required (P_f)",
                    model -> model.forced().accuracy()),
            new Measure(TOOL_USE, "own answers", "Tool-usage accuracy, own answers", ReportData.Model::toolUseOwn),
            new Measure(
                    TOOL_USE,
                    "fixed partition",
                    "Tool-usage accuracy, fixed partition",
                    ReportData.Model::toolUseFixed),
            new Measure(
                    "open-ended",
                    "target reached",
                    "Open-ended questions, target reached",
                    ReportData.Model::openEnded));

    private void accuracy() {
        page.section("results", "Results");
        List<Measure> measures = MEASURES.stream()
                .filter(measure -> data.models().stream()
                        .anyMatch(model -> measure.of.apply(model).defined()))
                .toList();
        List<String> drawings = new ArrayList<>();
        for (Measure measure : measures) {
            List<IntervalChart.Row> rows = new ArrayList<>();
            for (ReportData.Model model : data.models()) {
                int series = data.index(model.name());
                rows.add(new IntervalChart.Row(
                        model.name(), List.of(new IntervalChart.Dot(series, model.name(), measure.of.apply(model)))));
            }
            double random = measure.group.equals(TOOL_USE) ? 0.5 : Double.NaN;
            drawings.add(IntervalChart.of("m" + drawings.size(), measure.title, rows, random));
        }
        page.figures(measures.stream().map(Measure::title).toList(), List.of(), drawings);
        page.html("<div class=\"tables\">").table(models(measures));
        if (!data.comparisons().isEmpty()) {
            page.table(differences());
        }
        page.html("</div>");
        data.remarks().forEach(page::note);
    }

    private Table models(List<Measure> measures) {
        List<String> heads = new ArrayList<>(List.of("percent"));
        data.models().forEach(model -> heads.add(model.name()));
        Table table = new Table("All models on the same unseen questions", heads);
        String group = "";
        for (Measure measure : measures) {
            if (!measure.group.equals(group)) {
                group = measure.group;
                table.group(group);
            }
            table.row(measure.label, cells(model -> Table.figure(measure.of.apply(model))));
        }
        table.group("per question, tools optional");
        table.row("tool used", cells(model -> Table.figure(model.optional().toolRate())));
        table.row("calls", cells(model -> Table.number(model.optional().calls(), 2)));
        table.row("tokens written", cells(model -> Table.number(model.optional().tokens(), 1)));
        if (data.models().stream()
                .anyMatch(model -> Double.isFinite(model.optional().seconds()))) {
            table.row(
                    "milliseconds",
                    cells(model -> Table.number(1e3 * model.optional().seconds(), 1)));
        }
        return table;
    }

    private Table differences() {
        List<String> pairs =
                data.comparisons().stream().map(Report::pair).distinct().toList();
        List<String> heads = new ArrayList<>(List.of("points"));
        heads.addAll(pairs);
        Table table = new Table("Differences on the same questions", heads);
        data.comparisons().stream()
                .map(ReportData.Comparison::measure)
                .distinct()
                .forEach(measure -> {
                    List<String> cells = new ArrayList<>();
                    for (String pair : pairs) {
                        cells.add(data.comparisons().stream()
                                .filter(each -> each.measure().equals(measure)
                                        && pair(each).equals(pair))
                                .map(each -> signed(each.difference()))
                                .findFirst()
                                .orElse(Table.figure(Estimate.UNDEFINED)));
                    }
                    table.row(measure, cells);
                });
        return table;
    }

    private static String pair(ReportData.Comparison each) {
        return each.of() + " minus " + each.against();
    }

    private List<String> cells(Function<ReportData.Model, String> cell) {
        return data.models().stream().map(cell).toList();
    }

    private static String signed(Estimate points) {
        return (points.value() > 0 ? "+" : "") + Table.figure(points);
    }

    private void difficulty() {
        List<ReportData.Model> shown = new ArrayList<>(
                data.models().stream().filter(model -> !model.bins().isEmpty()).toList());
        if (shown.isEmpty()) {
            return;
        }
        if (shown.remove(after) && shown.remove(before)) { // side by side, the others below
            shown.addAll(0, List.of(before, after));
        }
        page.section("difficulty", "Easy or hard");
        List<String> drawings = new ArrayList<>();
        for (ReportData.Model model : shown) {
            drawings.add(DifficultyChart.of(
                    "d" + drawings.size(), model.name() + ": tool rate by difficulty", model.bins()));
        }
        page.figures(
                shown.stream().map(ReportData.Model::name).toList(),
                shown.stream().map(ReportData.Model::meaning).toList(),
                drawings);
        page.note(
                "After the figure of the paper. Easy is what the model itself answers without tools; the dashed line is"
                        + " where that ends. Learning moves it to the right, deciding well makes the bars a step: low on the"
                        + " left, high on the right. Bars are shares of questions with a call where tools are optional, thin"
                        + " lines their 95 % intervals.");
    }

    private void cost() {
        List<FrontierChart.Point> tokens = points(model -> model.optional().tokens());
        List<FrontierChart.Point> calls = points(model -> model.optional().calls());
        page.section("cost", "Accuracy and cost");
        page.figures(
                List.of("Accuracy against tokens written", "Accuracy against tool calls"),
                List.of(),
                List.of(
                        FrontierChart.of("f0", "Accuracy against tokens", "tokens a question", tokens),
                        FrontierChart.of("f1", "Accuracy against calls", "calls a question", calls)));
        page.note("A model is on the dashed frontier where none is both cheaper and better.");
    }

    private List<FrontierChart.Point> points(Function<ReportData.Model, Double> cost) {
        return data.models().stream()
                .map(model -> new FrontierChart.Point(
                        data.index(model.name()),
                        model.name(),
                        cost.apply(model),
                        model.optional().accuracy()))
                .toList();
    }

    private void kinds() {
        if (data.kinds().isEmpty()) {
            return;
        }
        page.section("kinds", "By kind");
        new KindPart(data).add(page);
    }

    private void training() {
        if (data.training().isEmpty()) {
            return;
        }
        page.section("training", "Training");
        List<String> drawings = new ArrayList<>();
        for (ReportData.Panel panel : data.training()) {
            drawings.add(CurveChart.of("t" + drawings.size(), panel));
        }
        page.figures(
                data.training().stream().map(ReportData.Panel::title).toList(),
                data.training().stream().map(ReportData.Panel::note).toList(),
                drawings);
    }

    private void transcripts() {
        if (data.transcripts().isEmpty()) {
            return;
        }
        page.section("transcripts", "Transcripts");
        page.html(
                "<p>In rows of training <mark class=\"learned\">marked and underlined</mark> text is learned, the rest"
                        + " only read.</p>");
        String group = "";
        for (ReportData.Transcript transcript : data.transcripts()) {
            if (!transcript.group().equals(group)) {
                page.html(group.isEmpty() ? "" : "</div>");
                group = transcript.group();
                page.heading(group).html("<div class=\"talks\">");
            }
            page.html(TranscriptPart.html(transcript));
        }
        page.html("</div>");
    }

    private void making() {
        page.section("making", "How it was made");
        if (!data.stages().isEmpty()) {
            Table table = new Table("Time of each stage", List.of("stage", "seconds"));
            data.stages().forEach(stage -> table.row(stage.name(), List.of(Table.number(stage.seconds(), 0))));
            double all = data.stages().stream()
                    .mapToDouble(ReportData.Stage::seconds)
                    .sum();
            table.row("together", List.of(Table.number(all, 0)));
            page.table(table);
        }
        for (ReportData.Facts facts : data.provenance()) {
            Table table = new Table(facts.caption(), List.of("", "value")).facts();
            facts.values().forEach((name, value) -> table.row(name, List.of(Page.escape(value))));
            page.table(table);
        }
    }
}
