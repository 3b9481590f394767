package awl.compare;

import awl.report.CurveChart;
import awl.report.Page;
import awl.report.ReportData;
import awl.track.MetricLine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.stream.Stream;

/// Runs side by side: where their configurations differ, their losses, speed and memory, what an evaluation found, and
/// whether they can be compared at all.
public final class RunComparison {

    /// Where things lie differs by itself.
    private static final List<String> PLACES = List.of("output", "tracking.");

    private static final int POINTS = 300;

    private final List<ComparedRun> runs;
    private final List<ComparedRun> trained;

    private RunComparison(List<ComparedRun> runs) {
        this.runs = runs;
        this.trained = runs.stream().filter(run -> !run.steps().isEmpty()).toList();
    }

    /// @param folders of runs of `awl train` or `awl run`
    public static RunComparison of(List<Path> folders) {
        return new RunComparison(ComparedRun.read(folders));
    }

    /// For a terminal.
    public String text() {
        StringBuilder text = new StringBuilder();
        sheets().forEach(sheet -> text.append(sheet.text()).append('\n'));
        warnings().forEach(warning -> text.append("! ").append(warning).append('\n'));
        return text.toString();
    }

    /// As Markdown.
    public String markdown() {
        StringBuilder text = new StringBuilder("# Comparison of runs\n\n");
        warnings().forEach(warning -> text.append("**!** ").append(warning).append("\n\n"));
        sheets().forEach(sheet -> text.append(sheet.markdown()).append('\n'));
        return text.toString();
    }

    /// As a page, with curves.
    public Page page() {
        Page page = new Page("Comparison of runs");
        warnings().forEach(warning -> page.html("<p class=\"flag\">! " + Page.escape(warning) + "</p>"));
        int section = 0;
        for (Sheet sheet : sheets()) {
            page.section("s" + section++, sheet.title()).table(sheet.table());
        }
        List<ReportData.Panel> panels = panels();
        if (!panels.isEmpty()) {
            page.section("curves", "Curves");
            List<String> drawings = new ArrayList<>();
            for (ReportData.Panel panel : panels) {
                drawings.add(CurveChart.of("c" + drawings.size(), panel));
            }
            page.figures(
                    panels.stream().map(ReportData.Panel::title).toList(),
                    panels.stream().map(ReportData.Panel::note).toList(),
                    drawings);
        }
        return page;
    }

    private List<Sheet> sheets() {
        return Stream.of(training(), evaluation(), differences())
                .filter(sheet -> !sheet.rows().isEmpty())
                .toList();
    }

    /// Why losses must not be compared.
    List<String> warnings() {
        List<String> warnings = new ArrayList<>();
        for (String key : List.of("objective.type", "data.reduction")) {
            if (trained.stream().map(run -> run.config().get(key)).distinct().count() > 1) {
                warnings.add("the runs differ in %s: their losses are not the same quantity".formatted(key));
            }
        }
        if (otherData(trained)) {
            warnings.add("the runs were trained on different rows (data fingerprint in the table):"
                    + " losses and tokens/s are of different texts");
        }
        return warnings;
    }

    private static boolean otherData(List<ComparedRun> runs) {
        return runs.stream()
                        .map(ComparedRun::fingerprint)
                        .filter(Objects::nonNull)
                        .distinct()
                        .count()
                > 1;
    }

    private Sheet training() {
        List<List<String>> rows = new ArrayList<>();
        for (ComparedRun run : trained) {
            List<Double> losses = Series.of(run.steps(), "train/loss").y();
            List<Double> held = Series.of(run.validation(), "validation/loss").y();
            rows.add(List.of(
                    run.name(),
                    Long.toString(run.steps().getLast().step()),
                    Series.number(Series.last(losses), 4),
                    Series.number(Series.least(losses), 4),
                    Series.number(Series.last(held), 4),
                    Series.number(Series.least(held), 4),
                    Series.number(
                            Series.median(Series.of(run.steps(), "train/tokens_per_second")
                                    .y()),
                            0),
                    Series.number(
                            Series.most(Series.of(run.steps(), "train/peak_memory")
                                            .y())
                                    / (1 << 20),
                            0),
                    Series.number(
                            Series.sum(Series.of(run.steps(), "train/seconds").y()), 1),
                    shortened(run.fingerprint())));
        }
        List<String> heads = List.of(
                "run",
                "steps",
                "last loss",
                "best loss",
                "validation, last",
                "best",
                "tokens/s, median",
                "peak MiB",
                "seconds",
                "data");
        return new Sheet("Training", heads, rows, true);
    }

    private static String shortened(@org.jspecify.annotations.Nullable String fingerprint) {
        String bare = fingerprint == null ? "-" : fingerprint.replaceFirst("^sha256:", "");
        return bare.substring(0, Math.min(8, bare.length()));
    }

    private Sheet evaluation() {
        List<List<String>> rows = new ArrayList<>();
        for (ComparedRun run : runs) {
            for (Map<String, ?> model : run.evaluations()) {
                rows.add(List.of(
                        run.name() + ": " + model.get("model"),
                        Series.share(model.get("accuracy_none")),
                        Series.share(model.get("accuracy_optional")),
                        Series.share(model.get("accuracy_forced")),
                        Series.share(model.get("tool_use_own")),
                        Series.share(model.get("tool_use_fixed")),
                        Series.share(model.get("tool_rate")),
                        model.get("tokens") instanceof Number tokens ? Series.number(tokens.doubleValue(), 1) : "-"));
            }
        }
        List<String> heads = List.of("percent", "P_n", "P_i", "P_f", "TUA, own", "TUA, by kind", "tool rate", "tokens");
        return new Sheet("Evaluation (95 % intervals)", heads, rows, true);
    }

    private Sheet differences() {
        TreeSet<String> keys = new TreeSet<>();
        runs.forEach(run -> keys.addAll(run.config().keySet()));
        keys.removeIf(key -> PLACES.stream().anyMatch(key::startsWith));
        List<List<String>> rows = new ArrayList<>();
        for (List<ComparedRun> alike : List.of(
                trained, runs.stream().filter(run -> !trained.contains(run)).toList())) {
            for (String key : keys) {
                if (alike.stream().map(run -> run.config().get(key)).distinct().count() > 1) {
                    List<String> row = new ArrayList<>(List.of(key));
                    runs.forEach(
                            run -> row.add(alike.contains(run) ? run.config().getOrDefault(key, "-") : ""));
                    rows.add(row);
                }
            }
        }
        List<String> heads = new ArrayList<>(List.of("key"));
        runs.forEach(run -> heads.add(run.name()));
        return new Sheet("Configuration, where it differs", heads, rows, false);
    }

    private List<ReportData.Panel> panels() {
        List<ReportData.Panel> panels = new ArrayList<>();
        panel(panels, "Training loss", "loss", "train/loss", ComparedRun::steps, "Means of neighbouring steps.");
        panel(panels, "Validation loss", "loss", "validation/loss", ComparedRun::validation, "");
        panel(panels, "Gradient norm", "norm", "train/gradient_norm", ComparedRun::steps, "Before clipping.");
        panel(panels, "Speed", "tokens/s", "train/tokens_per_second", ComparedRun::steps, "");
        return panels;
    }

    private void panel(
            List<ReportData.Panel> panels,
            String title,
            String unit,
            String tag,
            java.util.function.Function<ComparedRun, List<MetricLine>> lines,
            String note) {
        List<ReportData.Curve> curves = trained.stream()
                .map(run -> Series.of(lines.apply(run), tag).thinned(POINTS).curve(run.name()))
                .filter(curve -> !curve.y().isEmpty())
                .toList();
        if (!curves.isEmpty()) {
            panels.add(new ReportData.Panel(title, "step", unit, curves, note));
        }
    }
}
