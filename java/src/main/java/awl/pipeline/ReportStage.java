package awl.pipeline;

import awl.Json;
import awl.chat.ToolMode;
import awl.pipeline.PipelineConfig.Variant;
import awl.task.Problem;
import awl.task.ProblemFile;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// What all models of a run reached: `results.json`, a table, and a page.
final class ReportStage {

    private final PipelineConfig config;
    private final RunLayout layout;

    ReportStage(PipelineConfig config, RunLayout layout) {
        this.config = config;
        this.layout = layout;
    }

    /// @param models that were measured; those without answers are left out
    void run(List<String> models, PrintStream out) {
        List<Scores> scores = read(models);
        if (scores.isEmpty()) {
            throw new awl.ConfigException(
                    layout.folder() + ": no model was evaluated here (evaluation-MODEL.jsonl); awl run does it");
        }
        Scores base = base(scores);
        List<Comparison> comparisons = comparisons(scores);
        List<Map<String, @Nullable Object>> figures = new ArrayList<>();
        for (Scores each : scores) {
            Map<String, @Nullable Object> json = each.json(base);
            Map<String, @Nullable Object> sets = new LinkedHashMap<>();
            for (String set : each.sets()) {
                sets.put(set, each.where(answer -> answer.set().equals(set)).json(base));
            }
            json.put("tool_use_own_mean_of_sets", mean(each, Scores::toolUseBySelf));
            json.put("tool_use_fixed_mean_of_sets", base == null ? null : mean(each, part -> part.toolUseBy(base)));
            json.put("sets", sets);
            figures.add(json);
        }
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("models", figures);
        json.put("comparisons", comparisons.stream().map(Comparison::json).toList());
        try {
            var beside = layout.folder().resolve(".results.json.part");
            Files.writeString(beside, Json.writeIndented(json) + "\n");
            Files.move(beside, layout.results(), StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + layout.results(), e);
        }
        PipelineReport.write(config, layout, scores, comparisons);
        out.println();
        out.print(ResultTable.aligned(table(scores)));
        out.println();
        out.println("report: " + layout.report().toAbsolutePath());
    }

    /// Over the sets in which it is defined; null where it is in none.
    private static @Nullable Double mean(Scores scores, Function<Scores, ToolUse> use) {
        double mean = scores.sets().stream()
                .mapToDouble(
                        set -> use.apply(scores.where(answer -> answer.set().equals(set)))
                                .value())
                .filter(value -> !Double.isNaN(value))
                .average()
                .orElse(Double.NaN);
        return Scores.number(mean);
    }

    private List<Scores> read(List<String> models) {
        List<Problem> unseen = ProblemFile.read(layout.unseen());
        List<Scores> scores = new ArrayList<>();
        for (String model : models) {
            List<Trajectory> answers = Trajectory.readAll(layout.evaluation(model));
            if (!answers.isEmpty()) {
                scores.add(Scores.of(model, unseen, answers));
            }
        }
        return scores;
    }

    static @Nullable Scores base(List<Scores> scores) {
        return scores.stream()
                .filter(each -> each.name().equals(Variant.BASE.label()))
                .findFirst()
                .orElse(null);
    }

    /// Every model against the base, and the last against every other.
    private List<Comparison> comparisons(List<Scores> scores) {
        List<Comparison> comparisons = new ArrayList<>();
        Scores base = base(scores);
        Scores mixed = scores.stream()
                .filter(each -> each.name().equals(Variant.MIXED.label()))
                .findFirst()
                .orElse(null);
        for (Scores each : scores) {
            if (base != null && each != base) {
                compare(each, base, comparisons);
            }
        }
        for (Scores each : scores) {
            if (mixed != null && each != mixed && each != base) {
                compare(mixed, each, comparisons);
            }
        }
        return comparisons;
    }

    private void compare(Scores one, Scores other, List<Comparison> into) {
        for (ToolMode mode : ToolMode.values()) {
            Comparison found = Comparison.of(one, other, mode, config.evaluate().resamples(), config.seed());
            if (found.questions() > 0) {
                into.add(found);
            }
        }
    }

    /// The head, then a row a model.
    static List<List<String>> table(List<Scores> models) {
        Scores base = base(models);
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "model",
                "no tools (P_n)",
                "optional (P_i)",
                "required (P_f)",
                "TUA, own",
                "TUA, by base",
                "TUA, by level",
                "tool easy/hard",
                "calls",
                "tokens"));
        for (Scores model : models) {
            ToolUse level = model.toolUseByLevel();
            rows.add(List.of(
                    model.name(),
                    model.accuracy(ToolMode.NONE).toString(),
                    model.accuracy(ToolMode.OPTIONAL).toString(),
                    model.accuracy(ToolMode.FORCED).toString(),
                    model.toolUseBySelf().toString(),
                    base == null ? "-" : model.toolUseBy(base).toString(),
                    level.toString(),
                    ResultTable.choice(level),
                    String.format(Locale.ROOT, "%.2f", model.perQuestion(Trajectory::calls)),
                    String.format(Locale.ROOT, "%.1f", model.perQuestion(Trajectory::tokens))));
        }
        return rows;
    }
}
