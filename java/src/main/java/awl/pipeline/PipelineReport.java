package awl.pipeline;

import awl.chat.ToolMode;
import awl.pipeline.PipelineConfig.Variant;
import awl.report.Chart;
import awl.report.Page;
import awl.task.Level;
import awl.task.Problem;
import awl.token.CheckpointText;
import awl.token.Tokenizer;
import awl.train.Machine;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;

/// The page of a run.
final class PipelineReport {

    private static final List<String> PARTS = List.of("J_WKD", "J_easy", "J_hard", "J_Mix");
    private static final int POINTS = 120;

    private final PipelineConfig config;
    private final RunLayout layout;
    private final List<Scores> scores;
    private final List<Comparison> comparisons;

    private PipelineReport(PipelineConfig config, RunLayout layout, List<Scores> scores, List<Comparison> comparisons) {
        this.config = config;
        this.layout = layout;
        this.scores = scores;
        this.comparisons = comparisons;
    }

    static void write(PipelineConfig config, RunLayout layout, List<Scores> scores, List<Comparison> comparisons) {
        new PipelineReport(config, layout, scores, comparisons).page().write(layout.report());
    }

    private Page page() {
        Page page = new Page(
                "Adapting while learning: " + Path.of(config.model().path()).getFileName());
        page.paragraph(
                "Accuracy on %d unseen questions in percent, with 95 %% intervals: Wilson for shares, bootstrap over questions for tool-usage accuracy (TUA) and differences."
                        .formatted(scores.getFirst().byMode().values().stream()
                                .mapToInt(List::size)
                                .max()
                                .orElse(0)));
        page.table(ReportStage.table(scores), strong());
        page.note(
                "TUA is the mean of the share of easy questions answered without a tool and of hard ones answered with one, tools optional; easy is what the model itself, the base, or the question's maker says. Always, never or random use scores 50. Calls and tokens are per question, tools optional. A call where no tools are allowed is refused and graded wrong.");
        differences(page);
        perSet(page);
        toolUse(page);
        open(page);
        training(page);
        learned(page);
        machine(page);
        return page;
    }

    private int strong() {
        for (int i = 0; i < scores.size(); i++) {
            if (scores.get(i).name().equals(Variant.MIXED.label())) {
                return i + 1;
            }
        }
        return -1;
    }

    private void differences(Page page) {
        if (comparisons.isEmpty()) {
            return;
        }
        page.heading("Compared on the same questions");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("model", "against", "prompt", "difference in points", "not better"));
        for (Comparison each : comparisons) {
            rows.add(List.of(
                    each.one(),
                    each.other(),
                    Trajectory.label(each.mode()),
                    each.toString(),
                    String.format(Locale.ROOT, "%.3f", each.notBetter())));
        }
        page.table(rows, -1);
        page.note("Paired bootstrap; the last column is the share of resamples in which the model is not ahead.");
    }

    private void perSet(Page page) {
        page.heading("By set");
        List<List<String>> rows = new ArrayList<>();
        rows.add(
                List.of("set", "model", "no tools (P_n)", "optional (P_i)", "required (P_f)", "TUA, own", "tool rate"));
        for (String set : scores.getFirst().sets()) {
            for (Scores model : scores) {
                Scores part = model.where(each -> each.set().equals(set));
                rows.add(List.of(
                        set,
                        model.name(),
                        part.accuracy(ToolMode.NONE).toString(),
                        part.accuracy(ToolMode.OPTIONAL).toString(),
                        part.accuracy(ToolMode.FORCED).toString(),
                        part.toolUseBySelf().toString(),
                        part.toolRate().toString()));
            }
        }
        page.table(rows, -1);
    }

    /// Tool rate against difficulty: by the maker's level, and by whether the base answers by itself.
    private void toolUse(Page page) {
        page.heading("When the tool is used");
        page.html(Chart.key(scores.stream().map(Scores::name).toList()));
        List<Chart.Bars> bars = new ArrayList<>();
        for (Level level : Level.values()) {
            bar(bars, "as the question's maker says", level.label(), each -> level(each) == level);
        }
        Scores base = ReportStage.base(scores);
        if (base != null) {
            Set<String> easy = new LinkedHashSet<>();
            base.under(ToolMode.NONE).stream().filter(Trajectory::right).forEach(each -> easy.add(each.id()));
            bar(bars, "by the base's own answers", "right without tools", each -> easy.contains(each.id()));
            bar(bars, "by the base's own answers", "wrong without tools", each -> !easy.contains(each.id()));
        }
        page.html(Chart.bars(bars));
        page.note("Share of unseen questions with a call, tools optional.");
    }

    private void bar(List<Chart.Bars> bars, String group, String label, Predicate<Trajectory> which) {
        bars.add(new Chart.Bars(
                group,
                label,
                scores.stream()
                        .map(each -> each.where(which).toolRate().value())
                        .toList()));
    }

    private @org.jspecify.annotations.Nullable Level level(Trajectory answer) {
        Problem problem = scores.getFirst().problems().get(answer.id());
        return problem == null ? null : problem.level();
    }

    private void open(Page page) {
        if (scores.getFirst().open().isEmpty()) {
            return;
        }
        page.heading("Open-ended questions");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("model", "valid", "reach the target"));
        for (Scores model : scores) {
            rows.add(List.of(
                    model.name(),
                    Proportion.of(model.open(), each -> each.answer() != null).toString(),
                    Proportion.of(model.open(), Trajectory::right).toString()));
        }
        page.table(rows, -1);
    }

    private void training(Page page) {
        List<String> runs = new ArrayList<>(List.of("bootstrap", "knowledge"));
        for (int round = 1; round <= config.rounds(); round++) {
            runs.add(RunLayout.round(round) + "mixed");
        }
        runs.addAll(List.of("traces-only", "tua-only", "preference"));
        runs.removeIf(run -> !Files.exists(metrics(run)));
        if (runs.isEmpty()) {
            return;
        }
        page.heading("Training");
        page.html(Chart.key(runs));
        page.html(Chart.curves(
                runs.stream()
                        .map(run -> Metrics.curve(metrics(run), "loss", POINTS))
                        .toList(),
                "step",
                "loss"));
        for (String run : runs) {
            List<String> names = new ArrayList<>();
            List<Chart.Curve> curves = new ArrayList<>();
            for (String part : PARTS) {
                Chart.Curve curve = Metrics.curve(metrics(run), part, POINTS);
                if (!curve.x().isEmpty()) {
                    names.add(part);
                    curves.add(curve);
                }
            }
            if (!curves.isEmpty()) {
                page.html(Chart.key(names));
                page.html(Chart.curves(curves, "step of " + run, "loss"));
            }
        }
    }

    private Path metrics(String run) {
        return layout.run(run).resolve("metrics.jsonl");
    }

    /// A training row of each part, marked by what is learned.
    private void learned(Page page) {
        Path rows = layout.rows(RunLayout.round(1) + "mixed");
        if (!Files.exists(rows)) {
            return;
        }
        page.heading("What was learned");
        page.html(
                "<p>Rows of the mixture; <span class=\"talk\" style=\"padding:0 .3rem\"><b>marked</b></span> tokens are"
                        + " learned, the others only read.</p>");
        Set<String> origins = new LinkedHashSet<>();
        try (CheckpointText text = CheckpointTexts.open(Path.of(config.model().path()))) {
            for (Map<String, ?> row : Metrics.rows(rows)) {
                String origin = String.valueOf(row.get("origin"));
                if (origins.add(origin)
                        && row.get("ids") instanceof List<?> ids
                        && row.get("weights") instanceof List<?> weights) {
                    page.note(origin);
                    page.html(talk(text.tokenizer(), ids, weights));
                }
            }
        }
    }

    private static String talk(Tokenizer tokenizer, List<?> ids, List<?> weights) {
        StringBuilder html = new StringBuilder("<div class=\"talk\">");
        for (int from = 0; from < ids.size(); ) {
            boolean learned = counts(weights.get(from));
            int to = from;
            while (to < ids.size() && counts(weights.get(to)) == learned) {
                to++;
            }
            int[] run = ids.subList(from, to).stream()
                    .mapToInt(each -> Objects.requireNonNull((Number) each).intValue())
                    .toArray();
            String text = Page.escape(tokenizer.decode(run, false));
            html.append(learned ? "<b>" + text + "</b>" : text);
            from = to;
        }
        return html.append("</div>").toString();
    }

    private static boolean counts(@org.jspecify.annotations.Nullable Object weight) {
        return weight instanceof Number number && number.doubleValue() != 0;
    }

    private void machine(Page page) {
        page.heading("How it was made");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("stage", "seconds"));
        Path stages = layout.folder().resolve("stages.jsonl");
        if (Files.exists(stages)) {
            for (Map<String, ?> row : Metrics.rows(stages)) {
                rows.add(List.of(
                        String.valueOf(row.get("stage")),
                        row.get("seconds") instanceof Number seconds
                                ? String.format(Locale.ROOT, "%.0f", seconds.doubleValue())
                                : "-"));
            }
        }
        page.table(rows, -1);
        List<List<String>> facts = new ArrayList<>();
        facts.add(List.of("machine", ""));
        Machine.describe().forEach((name, value) -> facts.add(List.of(name, String.valueOf(value))));
        facts.add(List.of("peak memory", (Machine.peakMemory() >> 20) + " MiB"));
        page.table(facts, -1);
        page.html("<pre>" + Page.escape(PipelineConfigFile.write(config)) + "</pre>");
    }
}
