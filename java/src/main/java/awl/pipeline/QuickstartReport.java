package awl.pipeline;

import awl.chat.Conversation;
import awl.chat.ConversationReader;
import awl.chat.ToolMode;
import awl.report.Chart;
import awl.report.Page;
import awl.task.mini.MiniKind;
import awl.token.CheckpointText;
import awl.token.Renderer;
import awl.train.Machine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// What a quickstart found, as one HTML page.
final class QuickstartReport {

    private static final List<String> RUNS = List.of("base", "knowledge", "traces-only", "mixed");

    private final Path folder;
    private final QuickstartPlan plan;
    private final Map<String, Evaluation> models;
    private final List<Evaluation> evaluations;

    private QuickstartReport(Path folder, QuickstartPlan plan, List<Evaluation> evaluations) {
        this.folder = folder;
        this.plan = plan;
        this.evaluations = evaluations;
        this.models = evaluations.stream().collect(java.util.stream.Collectors.toMap(Evaluation::name, each -> each));
    }

    /// @param seconds of each stage
    static void write(
            Path file,
            Path folder,
            QuickstartPlan plan,
            List<Evaluation> evaluations,
            List<Episode> solutions,
            Partition partition,
            Map<String, Double> seconds) {
        QuickstartReport report = new QuickstartReport(folder, plan, evaluations);
        Page page = new Page("Adapting while learning: quickstart");
        report.summary(page, solutions.size(), partition);
        report.toolUse(page);
        report.training(page);
        report.byKind(page);
        report.transcripts(page);
        report.machine(page, seconds);
        page.write(file);
    }

    private Evaluation model(String name) {
        return java.util.Objects.requireNonNull(models.get(name));
    }

    private void summary(Page page, int solutions, Partition partition) {
        Evaluation base = model("base");
        Evaluation mixed = model("mixed");
        page.paragraph(
                "A model of 0.83 million parameters, made from random weights on this machine, was taught the format"
                        + " of calls and answers on scripted conversations (base). It then solved " + plan.problems()
                        + " questions with tools, learned its own " + solutions
                        + " solutions without them (knowledge), was asked"
                        + " which questions it now knows (" + partition.easyCount() + " easy, " + partition.hardCount()
                        + " hard), and learned to answer easy ones directly and hard ones with a tool (mixed). Shown are "
                        + plan.evaluated()
                        + " questions it never saw; their texts are new, the facts behind small tables are"
                        + " not.");
        ToolUse before = base.toolUseByKind();
        ToolUse after = mixed.toolUseByKind();
        page.cards(List.of(
                new Page.Card(
                        "accuracy, tools optional",
                        percent(base.accuracy(ToolMode.OPTIONAL).value()),
                        percent(mixed.accuracy(ToolMode.OPTIONAL).value())),
                new Page.Card(
                        "accuracy, no tools",
                        percent(base.accuracy(ToolMode.NONE).value()),
                        percent(mixed.accuracy(ToolMode.NONE).value())),
                new Page.Card("tool-usage accuracy", percent(before.value()), percent(after.value())),
                new Page.Card(
                        "tool used on easy / hard",
                        "",
                        percent(after.usedOnEasy().value()) + " / "
                                + percent(after.usedOnHard().value()))));
        page.table(ResultTable.rows(evaluations), evaluations.size());
        page.note(
                "Percent with 95 % intervals (Wilson; tool-usage accuracy: bootstrap over questions). Greedy answers; under"
                        + " \"no tools\" a call is refused and counts as wrong. Tool-usage accuracy is the mean of the share of"
                        + " easy questions answered without a tool and of hard ones answered with one: \"own\" calls easy what the"
                        + " model itself answers without tools, \"by kind\" what the kind of question says, the same for all"
                        + " models; always, never or random use scores 50. Calls and tokens are per question, tools optional.");
        page.note(
                "With an exact tool at hand always calling it is the most accurate policy, so traces-only is the bar for"
                        + " accuracy; what it cannot do is answer without. At temperature 0 the base never calls although its"
                        + " scripts did in half the cases: a coin's more probable side.");
    }

    private void toolUse(Page page) {
        page.heading("When the tool is used");
        List<String> shown = List.of("base", "traces-only", "mixed");
        page.html(Chart.key(shown));
        List<Chart.Bars> bars = new ArrayList<>();
        for (boolean hard : new boolean[] {false, true}) {
            for (MiniKind kind : plan.kinds()) {
                if (kind.hard() == hard) {
                    bars.add(new Chart.Bars(
                            hard ? "hard: has to be computed" : "easy: a rule or a small table",
                            kind.label(),
                            shown.stream()
                                    .map(name -> model(name).toolRate(kind).value())
                                    .toList()));
                }
            }
        }
        page.html(Chart.bars(bars));
        page.note("Share of unseen questions with a call, tools optional.");
    }

    private void training(Page page) {
        page.heading("Training");
        page.html(Chart.key(RUNS));
        List<Chart.Curve> curves = new ArrayList<>();
        for (String name : RUNS) {
            curves.add(curve(name, "loss"));
        }
        page.html(Chart.curves(curves, "step", "loss"));
        page.note(
                "Loss of learned tokens, mean of neighbouring steps. Each stage begins with a fresh optimiser; base is the"
                        + " scripted bootstrap.");
        components(page);
    }

    /// The parts of the mixed objective in its run; an empty part has none.
    private void components(Page page) {
        List<String> names = new ArrayList<>();
        List<Chart.Curve> curves = new ArrayList<>();
        for (String part : List.of("J_WKD", "J_easy", "J_hard", "J_Mix")) {
            Chart.Curve curve = curve("mixed", part);
            if (!curve.x().isEmpty()) {
                names.add(part);
                curves.add(curve);
            }
        }
        page.html(Chart.key(names));
        page.html(Chart.curves(curves, "step of the mixed stage", "loss"));
        page.note(
                "Parts of the mixed objective: knowledge without tools, easy questions answered directly, hard ones with"
                        + " the tool, and their mixture.");
    }

    private Chart.Curve curve(String run, String metric) {
        return Metrics.curve(folder.resolve(run).resolve("metrics.jsonl"), metric, 120);
    }

    private void byKind(Page page) {
        page.heading("By kind of question");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("kind", "set", "no tools: base", "mixed", "optional: base", "traces-only", "mixed"));
        for (MiniKind kind : plan.kinds()) {
            rows.add(List.of(
                    kind.label() + (kind.hard() ? " (hard)" : ""),
                    kind.set(),
                    percent(model("base").accuracy(ToolMode.NONE, kind).value()),
                    percent(model("mixed").accuracy(ToolMode.NONE, kind).value()),
                    percent(model("base").accuracy(ToolMode.OPTIONAL, kind).value()),
                    percent(model("traces-only")
                            .accuracy(ToolMode.OPTIONAL, kind)
                            .value()),
                    percent(model("mixed").accuracy(ToolMode.OPTIONAL, kind).value())));
        }
        page.table(rows, -1);
    }

    private void transcripts(Page page) {
        page.heading("What was learned");
        page.html("<p>Training rows of the mixture; <span class=\"talk\" style=\"padding:0 .3rem\"><b>marked</b></span>"
                + " tokens are learned, the others only read.</p>");
        Set<String> origins = new LinkedHashSet<>();
        try (CheckpointText text = CheckpointText.folder(folder.resolve("mixed").resolve("model"))) {
            Renderer renderer = text.renderer(true);
            for (Map<String, ?> row : Metrics.rows(folder.resolve("mixed.jsonl"))) {
                String origin = String.valueOf(row.get("origin"));
                if (origins.add(origin)) {
                    page.note(origin);
                    page.html(talk(renderer, ConversationReader.row(row)));
                }
            }
        }
    }

    private static String talk(Renderer renderer, Conversation conversation) {
        Renderer.Detail detail = renderer.detail(renderer.request(conversation, false));
        StringBuilder html = new StringBuilder("<div class=\"talk\">");
        boolean marked = false;
        for (int t = 0; t < detail.ids().length; t++) {
            boolean learned = detail.weights()[t] != 0;
            if (learned != marked) {
                html.append(learned ? "<b>" : "</b>");
                marked = learned;
            }
            html.append(Page.escape(detail.text().substring(detail.start()[t], detail.end()[t])));
        }
        return html.append(marked ? "</b></div>" : "</div>").toString();
    }

    private void machine(Page page, Map<String, Double> seconds) {
        page.heading("How it was made");
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("stage", "seconds"));
        seconds.forEach((stage, took) -> rows.add(List.of(stage, "%.0f".formatted(took))));
        double all = seconds.values().stream().mapToDouble(Double::doubleValue).sum();
        rows.add(List.of("together", String.format(Locale.ROOT, "%.0f", all)));
        page.table(rows, rows.size() - 1);
        List<List<String>> facts = new ArrayList<>();
        facts.add(List.of("machine and numbers", ""));
        Machine.describe().forEach((name, value) -> facts.add(List.of(name, String.valueOf(value))));
        facts.add(List.of("peak memory", (Machine.peakMemory() >> 20) + " MiB"));
        plan.json().forEach((name, value) -> facts.add(List.of(name, String.valueOf(value))));
        page.table(facts, -1);
    }

    private static String percent(double share) {
        return Double.isNaN(share) ? "undefined" : String.format(Locale.ROOT, "%.0f %%", 100 * share);
    }
}
