package awl.bench;

import awl.report.Page;
import awl.report.PointsChart;
import awl.report.RatioChart;
import awl.report.Table;
import awl.tensor.Precision;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A [BenchReport] as a page: first how much faster ours is, then every kernel with drawings and its table,
/// then how it was measured.
final class BenchPage {

    private final BenchReport report;
    private final Page page = new Page("Kernels on this machine");

    private BenchPage(BenchReport report) {
        this.report = report;
    }

    static Page of(BenchReport report) {
        BenchPage made = new BenchPage(report);
        made.summary();
        for (String kernel : report.kernelNames()) {
            made.kernel(kernel);
        }
        made.how();
        return made.page;
    }

    private void summary() {
        page.paragraph("%s, %s threads, %s."
                .formatted(
                        report.facts().getOrDefault("processor", "unknown processor"),
                        report.facts().getOrDefault("threads", "?"),
                        report.kernels().replaceFirst(": .*", "")));
        List<Page.Card> cards = new ArrayList<>();
        for (CaseResult each : report.cases()) {
            if (cards.size() == 8) {
                break; // the drawings have all
            }
            fastest(each)
                    .ifPresent(peer -> cards.add(new Page.Card(
                            each.kernel() + ", " + each.label()
                                    + (report.dtypes(each.kernel()).size() > 1 ? ", " + each.dtype() : ""),
                            "",
                            String.format(
                                    Locale.ROOT, "%.2fx", each.againstOurs(peer).median()),
                            "as fast as " + peer.name())));
        }
        page.cards(cards);
        page.note("Medians beside the fastest way with libtorch; below 1 ours is slower.");
        for (CaseResult inexact : report.inexact()) {
            page.html("<p class=\"flag\">! %s: ours is further from float64 than allowed: %s</p>"
                    .formatted(
                            Page.escape(inexact.fullLabel()),
                            Page.escape(inexact.ours().tooFar().toString())));
        }
    }

    private static java.util.Optional<ContenderResult> fastest(CaseResult each) {
        return each.contenders().stream()
                .filter(contender ->
                        contender.role() == Contender.Role.PLAIN || contender.role() == Contender.Role.PEER)
                .min(java.util.Comparator.comparingDouble(
                        contender -> contender.time().median()));
    }

    private void kernel(String kernel) {
        page.section(kernel, kernel);
        page.paragraph(KernelCases.named(kernel).question());
        List<String> names = report.cases().stream()
                .filter(each -> each.kernel().equals(kernel))
                .flatMap(each -> each.contenders().stream())
                .map(BenchPage::series)
                .distinct()
                .toList();
        page.html(PointsChart.key(names));
        List<String> captions = new ArrayList<>();
        List<String> drawings = new ArrayList<>();
        for (Precision dtype : report.dtypes(kernel)) {
            List<CaseResult> cases = report.cases(kernel, dtype);
            String id = kernel + "-" + dtype;
            if (cases.stream().filter(each -> share(each) >= 0).count() > 1) {
                captions.add("Time against learned rows, " + dtype);
                drawings.add(PointsChart.of(
                        "time-" + id,
                        "Time against the share of learned rows, " + dtype,
                        "% of rows learned",
                        "ms",
                        overShares(cases, names)));
            }
            captions.add("Time as a multiple of ours, " + dtype);
            drawings.add(RatioChart.of(
                    "ratio-" + id,
                    "Time as a multiple of ours, " + dtype,
                    "times as long as ours",
                    cases.stream().map(each -> group(each, names)).toList()));
        }
        page.figures(captions, List.of(), drawings);
        for (Precision dtype : report.dtypes(kernel)) {
            page.table(table(kernel, dtype));
        }
    }

    /// The same contender has one mark, whether all rows are learned or some.
    private static String series(ContenderResult contender) {
        return contender.name().equals("torch") ? HeadBench.IGNORE_INDEX : contender.name();
    }

    /// Where all rows are learned, there is one way with libtorch.
    private static boolean isOf(String series, ContenderResult contender) {
        return series(contender).equals(series)
                || contender.name().equals("torch") && series.equals(HeadBench.GATHERED);
    }

    private static double share(CaseResult each) {
        return each.parameters().get("active_share") instanceof Double share ? share : -1;
    }

    private static List<PointsChart.Series> overShares(List<CaseResult> cases, List<String> names) {
        List<CaseResult> ascending = cases.stream()
                .sorted(java.util.Comparator.comparingDouble(BenchPage::share))
                .toList();
        List<PointsChart.Series> all = new ArrayList<>();
        for (int i = 0; i < names.size(); i++) {
            List<PointsChart.Point> points = new ArrayList<>();
            for (CaseResult each : ascending) {
                for (ContenderResult contender : each.contenders()) {
                    if (isOf(names.get(i), contender)) {
                        Quantiles time = contender.time();
                        points.add(new PointsChart.Point(
                                100 * share(each), 1e3 * time.median(), 1e3 * time.p20(), 1e3 * time.p80()));
                    }
                }
            }
            all.add(new PointsChart.Series(i, names.get(i), points));
        }
        return all;
    }

    private static RatioChart.Group group(CaseResult each, List<String> names) {
        List<RatioChart.Bar> bars = new ArrayList<>();
        for (ContenderResult contender : each.contenders()) {
            if (contender.role() != Contender.Role.OURS) {
                Quantiles ratio = each.againstOurs(contender);
                bars.add(new RatioChart.Bar(
                        names.indexOf(series(contender)),
                        contender.name(),
                        each.work().amount() == 0 ? Double.NaN : ratio.median(),
                        ratio.p20(),
                        ratio.p80()));
            }
        }
        return new RatioChart.Group(
                each.label() + ", ours " + Figures.time(each.ours().time().median()), bars);
    }

    private Table table(String kernel, Precision dtype) {
        List<CaseResult> cases = report.cases(kernel, dtype);
        boolean floors = cases.stream().anyMatch(each -> each.floor().isPresent());
        List<String> heads = new ArrayList<>(List.of(dtype.toString(), "median", "time / ours"));
        if (floors) {
            heads.add("time / bare products");
        }
        heads.addAll(List.of("rate", "MiB above inputs", "worst error"));
        Table table = new Table(kernel + ", " + dtype, heads);
        for (CaseResult each : cases) {
            table.group(each.label());
            for (ContenderResult contender : each.contenders()) {
                boolean floor = contender.role() == Contender.Role.FLOOR;
                List<String> cells = new ArrayList<>();
                cells.add(Page.escape(Figures.time(contender.time().median())) + small(Figures.span(contender.time())));
                cells.add(contender == each.ours() ? "" : stacked(Figures.ratio(each.againstOurs(contender))));
                if (floors) {
                    cells.add(each.againstFloor(contender)
                            .filter(_ -> !floor)
                            .map(ratio -> stacked(Figures.ratio(ratio)))
                            .orElse(""));
                }
                cells.add(stacked(Figures.rate(report, each, contender)));
                cells.add(floor ? "" : Page.escape(Figures.memory(contender.memoryMib())));
                cells.add(Page.escape(Figures.errors(contender))
                        + (contender.tooFar().isEmpty() ? "" : " <span class=\"flag\">! too large</span>"));
                table.row(contender.name(), cells);
            }
        }
        return table;
    }

    /// What stands in brackets goes below.
    private static String stacked(String text) {
        int at = text.indexOf(" [") >= 0 ? text.indexOf(" [") : text.indexOf(" (");
        return at < 0 ? Page.escape(text) : Page.escape(text.substring(0, at)) + small(text.substring(at + 1));
    }

    private static String small(String text) {
        return "<small>" + Page.escape(text) + "</small>";
    }

    private void how() {
        page.section("how", "How it was measured");
        Figures.method(report).forEach(page::paragraph);
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("command", report.command());
        facts.put("kernels", report.kernels());
        facts.putAll(report.facts());
        List<String> machine = Figures.machine(report);
        for (String line : machine) {
            facts.put(line.substring(0, line.indexOf(':')), line.substring(line.indexOf(':') + 2));
        }
        Table table = new Table("Machine and versions", List.of("what", "value")).facts();
        facts.forEach((name, value) -> table.row(name, List.of(Page.escape(value))));
        page.table(table);
    }
}
