package awl.pipeline;

import awl.chat.ToolMode;
import awl.report.Estimate;
import awl.report.Report;
import awl.report.ReportData;
import awl.task.mini.MiniKind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/// What a quickstart found, told to [Report].
final class QuickstartReport {

    private static final Map<String, String> MEANING = Map.of(
            "base", "bootstrapped on scripts",
            "knowledge", "solutions without tools (WKD)",
            "traces-only", "always shown the tool",
            "mixed", "adapted (AWL)",
            "preferred", "mixed, then preferences (DPO)");

    private static final int POINTS = 80;

    private final Path folder;
    private final QuickstartPlan plan;
    private final List<Evaluation> evaluations;

    private QuickstartReport(Path folder, QuickstartPlan plan, List<Evaluation> evaluations) {
        this.folder = folder;
        this.plan = plan;
        this.evaluations = evaluations;
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
        Report.write(report.data(solutions.size(), partition, seconds), file);
    }

    private ReportData data(int solutions, Partition partition, Map<String, Double> seconds) {
        return new ReportData(
                "Adapting while learning: quickstart",
                List.of(account(solutions, partition)),
                "base",
                "mixed",
                evaluations.stream().map(QuickstartReport::model).toList(),
                comparisons(),
                plan.kinds().stream().map(this::kind).toList(),
                training(),
                new QuickstartTranscripts(folder).all(evaluation("base"), evaluation("mixed")),
                seconds.entrySet().stream()
                        .map(each -> new ReportData.Stage(each.getKey(), each.getValue()))
                        .toList(),
                provenance(),
                remarks());
    }

    private String account(int solutions, Partition partition) {
        return String.format(
                Locale.ROOT,
                "A model of 0.83 million parameters, made from random weights on this machine, was taught the format of"
                        + " calls and answers on scripted conversations (base). It then solved %,d questions with tools,"
                        + " learned %,d of its own solutions without them (knowledge), was asked which questions it now"
                        + " knows (%,d easy, %,d hard), and learned to answer easy ones directly and hard ones with a tool"
                        + " (mixed); last, its own proposals were ranked and the better ones preferred (preferred). For"
                        + " comparison the base learned to call the tool always (traces-only). Shown are %,d"
                        + " questions that none of them saw; their texts are new, the facts behind small tables are not.",
                plan.problems(),
                solutions,
                partition.easyCount(),
                partition.hardCount(),
                plan.evaluated());
    }

    private static List<String> remarks() {
        return List.of(
                "Percent with 95 % intervals: Wilson; for tool-usage accuracy and differences bootstrap over questions."
                        + " Greedy answers. Under \"no tools\" a call is refused and counts as wrong.",
                "Tool-usage accuracy is the mean of the share of easy questions answered without a tool and of hard ones"
                        + " answered with one. By own answers, easy is what the model itself answers without tools; by the"
                        + " fixed partition, what the kind of question says, the same for all models. Always, never or"
                        + " random use scores 50 %, the dashed line; with no easy or no hard question it is undefined.",
                "With an exact tool at hand always calling it is the most accurate policy, so traces-only is the bar for"
                        + " accuracy; what it lacks is the choice. At temperature 0 the base never calls although its"
                        + " scripts did in half the cases: a coin's more probable side.");
    }

    private Evaluation evaluation(String name) {
        return evaluations.stream()
                .filter(each -> each.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static ReportData.Model model(Evaluation model) {
        return new ReportData.Model(
                model.name(),
                java.util.Objects.requireNonNullElse(MEANING.get(model.name()), ""),
                prompt(model, ToolMode.NONE),
                prompt(model, ToolMode.OPTIONAL),
                prompt(model, ToolMode.FORCED),
                model.toolUseBySelf().estimate(),
                model.toolUseByKind().estimate(),
                Estimate.UNDEFINED,
                model.toolUseBySelf().bins());
    }

    private static ReportData.Prompt prompt(Evaluation model, ToolMode mode) {
        return new ReportData.Prompt(
                model.accuracy(mode).estimate(),
                model.toolRate(mode).estimate(),
                model.callsPerQuestion(mode),
                model.tokensPerQuestion(mode),
                Double.NaN);
    }

    private List<ReportData.Comparison> comparisons() {
        List<ReportData.Comparison> all = new ArrayList<>();
        Evaluation mixed = evaluation("mixed");
        for (String other : List.of("base", "traces-only")) {
            Evaluation against = evaluation(other);
            for (ToolMode mode : List.of(ToolMode.OPTIONAL, ToolMode.NONE)) {
                all.add(new ReportData.Comparison(
                        "accuracy, " + (mode == ToolMode.NONE ? "no tools" : "tools optional"),
                        "mixed",
                        other,
                        difference(
                                mixed,
                                against,
                                each -> PairedBootstrap.share(each.under(mode).stream()
                                        .map(Episode::right)
                                        .toList()))));
            }
            all.add(new ReportData.Comparison(
                    "tool-usage accuracy, own answers", "mixed", other, difference(mixed, against, each -> {
                        List<Boolean> easy = each.easyBySelf();
                        List<Boolean> used = each.usedTool();
                        return picked -> ToolUse.accuracy(easy, used, picked);
                    })));
        }
        return all;
    }

    private Estimate difference(
            Evaluation of,
            Evaluation against,
            Function<Evaluation, java.util.function.ToDoubleFunction<int[]>> measure) {
        return PairedBootstrap.difference(
                of.under(ToolMode.OPTIONAL).size(), measure.apply(of), measure.apply(against));
    }

    private ReportData.Kind kind(MiniKind kind) {
        Map<String, ReportData.KindResult> results = new LinkedHashMap<>();
        for (Evaluation model : evaluations) {
            results.put(
                    model.name(),
                    new ReportData.KindResult(
                            model.accuracy(ToolMode.NONE, kind).estimate(),
                            model.accuracy(ToolMode.OPTIONAL, kind).estimate(),
                            model.toolRate(kind).estimate()));
        }
        return new ReportData.Kind(
                kind.set(),
                kind.label(),
                kind.hard() ? "hard" : "",
                evaluations.getFirst().accuracy(ToolMode.NONE, kind).count(),
                results);
    }

    private List<ReportData.Panel> training() {
        List<ReportData.Panel> panels = new ArrayList<>();
        List<ReportData.Curve> parts = new ArrayList<>();
        for (String part : List.of("J_WKD", "J_easy", "J_hard", "J_Mix")) {
            ReportData.Curve curve = curve(part, "mixed", part);
            if (!curve.x().isEmpty()) { // an empty part has none
                parts.add(curve);
            }
        }
        panels.add(new ReportData.Panel(
                "mixed",
                "step",
                "loss",
                parts,
                "knowledge without tools, easy directly, hard with the tool, their mixture"));
        for (String run : List.of("base", "knowledge", "traces-only")) {
            panels.add(new ReportData.Panel(run, "step", "loss", List.of(curve("loss", run, "loss")), meaning(run)));
        }
        if (Files.exists(folder.resolve("preferred/metrics.jsonl"))) {
            panels.add(new ReportData.Panel(
                    "preferred",
                    "step",
                    "margin, accuracy",
                    List.of(curve("margin", "preferred", "margin"), curve("accuracy", "preferred", "accuracy")),
                    "the better proposal against the other (DPO)"));
        }
        return panels;
    }

    private static String meaning(String run) {
        return java.util.Objects.requireNonNullElse(MEANING.get(run), "");
    }

    private ReportData.Curve curve(String name, String run, String metric) {
        return Metrics.curve(name, folder.resolve(run).resolve("metrics.jsonl"), metric, POINTS);
    }

    private List<ReportData.Facts> provenance() {
        Map<String, String> numbers = new LinkedHashMap<>();
        plan.json().forEach((name, value) -> numbers.put(name.replace('_', ' '), String.valueOf(value)));
        Map<String, String> files = new LinkedHashMap<>();
        files.put("solutions.jsonl", "what the model solved with tools, kept where right");
        files.put("difficulty.jsonl", "each question's tries without tools, easy or hard");
        files.put("pairs.jsonl", "preferred and rejected proposals");
        files.put("mixed.jsonl", "the training rows of the mixture");
        files.put("evaluation-*.jsonl", "every answer to unseen questions");
        files.put("*/metrics.jsonl", "every training step; *.yaml beside is what awl train takes");
        files.keySet().removeIf(name -> !name.contains("*") && !Files.exists(folder.resolve(name)));
        return List.of(
                new ReportData.Facts("Machine and versions", MachineFacts.read(folder)),
                new ReportData.Facts("Numbers of the run", numbers),
                new ReportData.Facts("Files beside this page", files));
    }
}
