package awl.pipeline;

import awl.chat.ToolMode;
import awl.pipeline.PipelineConfig.Variant;
import awl.report.Estimate;
import awl.report.Report;
import awl.report.ReportData;
import awl.task.Level;
import awl.task.Problem;
import awl.token.CheckpointText;
import awl.token.Tokenizer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What a run found, told to [Report].
final class PipelineReport {

    private static final List<String> PARTS = List.of("J_WKD", "J_easy", "J_hard", "J_Mix");
    private static final int POINTS = 80;

    /// Longer texts are cut in the page; the files have them whole.
    private static final int LONGEST = 1200;

    private static final Map<String, String> MEANING = Map.of(
            Variant.BASE.label(), "as it came",
            Variant.TRACES_ONLY.label(), "always shown the tool",
            Variant.KNOWLEDGE.label(), "solutions without tools (WKD)",
            Variant.TUA_ONLY.label(), "easy or hard without knowledge",
            Variant.MIXED.label(), "adapted (AWL)");

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
        Report.write(new PipelineReport(config, layout, scores, comparisons).data(), layout.report());
    }

    private ReportData data() {
        Scores base = scoresOf(Variant.BASE, scores.getFirst());
        Scores mixed = scoresOf(Variant.MIXED, scores.getLast());
        return new ReportData(
                "Adapting while learning: " + Path.of(config.model().path()).getFileName(),
                List.of(account()),
                base.name(),
                mixed.name(),
                scores.stream().map(each -> model(each, base)).toList(),
                comparisons.stream().map(PipelineReport::comparison).toList(),
                kinds(),
                training(),
                transcripts(base, mixed),
                stages(),
                provenance(),
                remarks());
    }

    private Scores scoresOf(Variant variant, Scores otherwise) {
        return scores.stream()
                .filter(each -> each.name().equals(variant.label()))
                .findFirst()
                .orElse(otherwise);
    }

    private String account() {
        int questions = scores.getFirst().byMode().values().stream()
                .mapToInt(List::size)
                .max()
                .orElse(0);
        int open = scores.getFirst().open().size();
        return String.format(
                Locale.ROOT,
                "Adapting while learning on %s, %d round%s. Shown are %,d unseen questions of %s%s.",
                config.model().path(),
                config.rounds(),
                config.rounds() == 1 ? "" : "s",
                questions,
                String.join(", ", scores.getFirst().sets()),
                open == 0 ? "" : " and %,d open-ended ones".formatted(open));
    }

    private static List<String> remarks() {
        return List.of(
                "Percent with 95 % intervals: Wilson; for tool-usage accuracy and differences bootstrap over questions."
                        + " Under \"no tools\" a call is refused and counts as wrong.",
                "Tool-usage accuracy is the mean of the share of easy questions answered without a tool and of hard ones"
                        + " answered with one. By own answers, easy is what the model itself answers without tools; by the"
                        + " fixed partition, what the question's maker says or, where nobody does, what the base answers."
                        + " Always, never or random use scores 50 %, the dashed line; with no easy or no hard question"
                        + " it is undefined.");
    }

    private static ReportData.Model model(Scores model, Scores base) {
        ToolUse own = model.toolUseBySelf();
        ToolUse level = model.toolUseByLevel();
        return new ReportData.Model(
                model.name(),
                Objects.requireNonNullElse(MEANING.get(model.name()), ""),
                prompt(model, ToolMode.NONE),
                prompt(model, ToolMode.OPTIONAL),
                prompt(model, ToolMode.FORCED),
                own.estimate(),
                (Double.isNaN(level.value()) ? model.toolUseBy(base) : level).estimate(),
                Proportion.of(model.open(), Trajectory::right).estimate(),
                own.bins());
    }

    private static ReportData.Prompt prompt(Scores model, ToolMode mode) {
        List<Trajectory> answers = model.under(mode);
        return new ReportData.Prompt(
                model.accuracy(mode).estimate(),
                Proportion.of(answers, Trajectory::usedTool).estimate(),
                answers.stream().mapToInt(Trajectory::calls).average().orElse(Double.NaN),
                answers.stream().mapToInt(Trajectory::tokens).average().orElse(Double.NaN),
                answers.stream().mapToDouble(Trajectory::seconds).average().orElse(Double.NaN));
    }

    private static ReportData.Comparison comparison(Comparison each) {
        String prompt = switch (each.mode()) {
            case NONE -> "no tools";
            case OPTIONAL -> "tools optional";
            case FORCED -> "tools required";
        };
        return new ReportData.Comparison(
                "accuracy, " + prompt,
                each.one(),
                each.other(),
                Double.isNaN(each.value()) ? Estimate.UNDEFINED : new Estimate(each.value(), each.low(), each.high()));
    }

    private List<ReportData.Kind> kinds() {
        Map<String, Trajectory> kinds = new LinkedHashMap<>();
        scores.getFirst()
                .byMode()
                .values()
                .forEach(answers -> answers.forEach(each -> kinds.putIfAbsent(each.set() + " " + each.kind(), each)));
        List<ReportData.Kind> rows = new ArrayList<>();
        for (String set : scores.getFirst().sets()) {
            kinds.values().stream().filter(each -> each.set().equals(set)).forEach(each -> rows.add(kind(each)));
        }
        return rows;
    }

    private ReportData.Kind kind(Trajectory one) {
        Map<String, ReportData.KindResult> results = new LinkedHashMap<>();
        int questions = 0;
        for (Scores model : scores) {
            Scores part = model.where(
                    each -> each.set().equals(one.set()) && each.kind().equals(one.kind()));
            questions = Math.max(questions, part.under(ToolMode.OPTIONAL).size());
            results.put(
                    model.name(),
                    new ReportData.KindResult(
                            part.accuracy(ToolMode.NONE).estimate(),
                            part.accuracy(ToolMode.OPTIONAL).estimate(),
                            part.toolRate().estimate()));
        }
        Problem problem = scores.getFirst().problems().get(one.id());
        Level level = problem == null ? null : problem.level();
        return new ReportData.Kind(one.set(), one.kind(), level == Level.HARD ? level.label() : "", questions, results);
    }

    private List<ReportData.Panel> training() {
        List<String> runs = new ArrayList<>();
        for (int round = 1; round <= config.rounds(); round++) {
            runs.add(RunLayout.round(round) + "mixed");
        }
        runs.addAll(List.of("bootstrap", "knowledge", "traces-only", "tua-only", "preference"));
        runs.removeIf(run -> !Files.exists(metrics(run)));
        List<ReportData.Panel> panels = new ArrayList<>();
        for (String run : runs) {
            List<ReportData.Curve> parts = curves(run, PARTS);
            boolean mixed = !parts.isEmpty();
            panels.add(new ReportData.Panel(
                    run,
                    "step",
                    "loss",
                    mixed ? parts : curves(run, List.of("loss")),
                    mixed ? "knowledge without tools, easy directly, hard with the tool, their mixture" : ""));
            List<ReportData.Curve> preferred = curves(run, List.of("margin", "accuracy"));
            if (!preferred.isEmpty()) {
                panels.add(new ReportData.Panel(
                        run + ": pairs", "step", "margin, accuracy", preferred, "chosen against rejected"));
            }
        }
        return panels;
    }

    private List<ReportData.Curve> curves(String run, List<String> names) {
        return names.stream()
                .map(name -> Metrics.curve(name, metrics(run), name, POINTS))
                .filter(curve -> !curve.x().isEmpty())
                .toList();
    }

    private Path metrics(String run) {
        return layout.run(run).resolve("metrics.jsonl");
    }

    private List<ReportData.Transcript> transcripts(Scores base, Scores mixed) {
        List<ReportData.Transcript> all = new ArrayList<>(learned());
        Map<String, Trajectory> before = new LinkedHashMap<>();
        base.under(ToolMode.OPTIONAL).forEach(each -> before.put(each.id(), each));
        pair(
                all,
                base,
                mixed,
                before,
                "now answered directly",
                (was, is) -> !was.right() && is.right() && !is.usedTool());
        pair(all, base, mixed, before, "now looked up", (was, is) -> !was.right() && is.right() && is.usedTool());
        pair(all, base, mixed, before, "still wrong", (was, is) -> !is.right());
        return all;
    }

    /// A training row of each part, marked by what is learned.
    private List<ReportData.Transcript> learned() {
        Path file = layout.rows(RunLayout.round(1) + "mixed");
        List<ReportData.Transcript> all = new ArrayList<>();
        if (!Files.exists(file)) {
            return all;
        }
        Set<String> origins = new LinkedHashSet<>();
        try (CheckpointText text = CheckpointTexts.open(Path.of(config.model().path()))) {
            for (Map<String, ?> row : Metrics.rows(file)) {
                String origin = String.valueOf(row.get("origin"));
                if (row.get("ids") instanceof List<?> ids
                        && row.get("weights") instanceof List<?> weights
                        && origins.add(origin)) {
                    all.add(new ReportData.Transcript(
                            "Rows of training, as the model reads them",
                            origin,
                            "",
                            List.of(new ReportData.Turn("", spans(text.tokenizer(), ids, weights)))));
                }
            }
        }
        return all;
    }

    private static List<ReportData.Span> spans(Tokenizer tokenizer, List<?> ids, List<?> weights) {
        List<ReportData.Span> spans = new ArrayList<>();
        for (int from = 0; from < ids.size(); ) {
            boolean learned = counts(weights.get(from));
            int to = from;
            while (to < ids.size() && counts(weights.get(to)) == learned) {
                to++;
            }
            int[] run = ids.subList(from, to).stream()
                    .mapToInt(each -> Objects.requireNonNull((Number) each).intValue())
                    .toArray();
            spans.add(new ReportData.Span(shortened(tokenizer.decode(run, false)), learned));
            from = to;
        }
        return spans;
    }

    private static boolean counts(@Nullable Object weight) {
        return weight instanceof Number number && number.doubleValue() != 0;
    }

    private static void pair(
            List<ReportData.Transcript> all,
            Scores base,
            Scores mixed,
            Map<String, Trajectory> before,
            String what,
            java.util.function.BiPredicate<Trajectory, Trajectory> wanted) {
        for (Trajectory is : mixed.under(ToolMode.OPTIONAL)) {
            Trajectory was = before.get(is.id());
            Problem problem = mixed.problems().get(is.id());
            if (was != null && problem != null && base != mixed && wanted.test(was, is)) {
                String group = "Unseen, tools optional, %s: %s".formatted(what, is.kind());
                all.add(transcript(group, base.name(), problem, was));
                all.add(transcript(group, mixed.name(), problem, is));
                return;
            }
        }
    }

    private static ReportData.Transcript transcript(String group, String model, Problem problem, Trajectory answer) {
        List<ReportData.Turn> turns = new ArrayList<>();
        turns.add(turn("user", problem.prompt()));
        answer.turns().forEach(each -> turns.add(turn(each.role(), each.text())));
        String outcome = (answer.right() ? "right" : "wrong: " + answer.reason())
                + (answer.usedTool() ? "; with a tool" : "; without a tool");
        return new ReportData.Transcript(group, model, outcome, turns);
    }

    private static ReportData.Turn turn(String role, String text) {
        return new ReportData.Turn(role, List.of(new ReportData.Span(shortened(text), false)));
    }

    private static String shortened(String text) {
        return text.length() <= LONGEST ? text : text.substring(0, LONGEST) + " [...]";
    }

    private List<ReportData.Stage> stages() {
        Path file = layout.folder().resolve("stages.jsonl");
        Map<String, Double> seconds = new LinkedHashMap<>();
        if (Files.exists(file)) {
            for (Map<String, ?> row : Metrics.rows(file)) {
                if (row.get("seconds") instanceof Number took) {
                    seconds.merge(String.valueOf(row.get("stage")), took.doubleValue(), Double::sum);
                }
            }
        }
        return seconds.entrySet().stream()
                .map(each -> new ReportData.Stage(each.getKey(), each.getValue()))
                .toList();
    }

    private List<ReportData.Facts> provenance() {
        Map<String, String> plan = new LinkedHashMap<>();
        plan.put("configuration", PipelineConfigFile.write(config));
        return List.of(
                new ReportData.Facts("Machine and versions", MachineFacts.read(layout.folder())),
                new ReportData.Facts("Numbers of the run", plan));
    }
}
