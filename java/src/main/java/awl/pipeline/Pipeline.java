package awl.pipeline;

import awl.pipeline.PipelineConfig.Variant;
import awl.tensor.LibTorch;
import awl.tensor.Threads;
import awl.train.RunFolder;
import awl.train.StopSignal;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// `awl run`: the method from questions to an evaluated model, stage by stage, in one folder.
///
/// Stages speak files. A run that ended, however it did, goes on with the first line that is missing.
public final class Pipeline {

    private final PipelineConfig config;
    private final StopSignal stop;
    private final PrintStream out;
    private final RunLayout layout;
    private final RunStages stages;
    private final List<Step> steps = new ArrayList<>();

    private record Step(String title, BooleanSupplier done, Consumer<StageNotes> work) {}

    /// @param config its `output` gets everything
    /// @param out told how it fares, and the table at the end
    public Pipeline(PipelineConfig config, StopSignal stop, PrintStream out) {
        this.config = config;
        this.stop = stop;
        this.out = out;
        this.layout = new RunLayout(Path.of(config.output()));
        this.stages = new RunStages(config, layout, stop);
    }

    /// Runs what is not done.
    ///
    /// @param threads that compute; null for one a core
    /// @return exit code: 0, or that of the signal that stopped it
    public int run(@Nullable Integer threads) {
        LibTorch.await();
        if (threads != null) {
            Threads.set(threads);
        }
        try (RunFolder lock = RunFolder.open(layout.folder())) {
            SameConfig.require(config, layout);
            MachineFacts.write(lock, config.model().device(), config.model().precision(), out::println);
            plan();
            StageLog log = new StageLog(layout.folder(), out, steps.size());
            for (Step step : steps) {
                log.stage(step.title, step.done, () -> step.work.accept(log));
                if (stop.isRequested()) {
                    return stop.exitCode();
                }
            }
            return 0;
        } catch (StageStopped e) {
            out.println("stopped; the same command goes on");
            return e.exitCode();
        }
    }

    private void plan() {
        ModelRef given = ModelRef.of(config.model());
        step("questions", () -> Files.exists(layout.unseen()), stages::questions);
        ModelRef base = given;
        Double bootstrapEpochs = config.bootstrap().epochs();
        if (bootstrapEpochs != null && bootstrapEpochs > 0) {
            ModelTraining bootstrap = training("bootstrap", given, config.bootstrap(), ModelTraining.plain(config), 1);
            train("bootstrap on scripted traces", bootstrap, notes -> stages.bootstrapRows(given, notes));
            base = bootstrap.model();
        }
        ModelRef begin = base;
        step("solutions with tools (P_f)", () -> false, notes -> stages.solve(begin, notes));
        step("solutions without tools", () -> false, notes -> stages.restate(begin, notes));
        Map<String, ModelRef> models = new LinkedHashMap<>();
        models.put(Variant.BASE.label(), begin);
        List<Variant> wanted = config.evaluate().models();
        if (wanted.contains(Variant.KNOWLEDGE) || wanted.contains(Variant.MIXED)) {
            ModelTraining knowledge = training("knowledge", begin, config.knowledge(), ModelTraining.plain(config), 2);
            train(
                    "knowledge: solutions without tools under P_n (WKD)",
                    knowledge,
                    notes -> stages.knowledgeRows(begin, notes));
            models.put(Variant.KNOWLEDGE.label(), knowledge.model());
            if (wanted.contains(Variant.MIXED)) {
                rounds(knowledge.model(), models);
            }
        }
        if (wanted.contains(Variant.TRACES_ONLY)) {
            ModelTraining traces = training("traces-only", begin, config.mixed(), ModelTraining.plain(config), 3);
            train("for comparison: all traces under P_i", traces, notes -> stages.traceRows(begin, notes));
            models.put(Variant.TRACES_ONLY.label(), traces.model());
        }
        if (wanted.contains(Variant.TUA_ONLY)) {
            partition("tua-only-", begin);
            ModelTraining tua = training("tua-only", begin, config.mixed(), ModelTraining.mixed(config, 0.0), 4);
            train(
                    "for comparison: easy and hard without knowledge",
                    tua,
                    notes -> stages.mixedRows("tua-only-", begin, false, "tua-only", notes));
            models.put(Variant.TUA_ONLY.label(), tua.model());
        }
        if (config.preference().proposals() > 0) {
            preference(models);
        }
        measure(models);
    }

    private void step(String title, BooleanSupplier done, Consumer<StageNotes> work) {
        steps.add(new Step(title, done, work));
    }

    private ModelTraining training(
            String run, ModelRef begin, PipelineConfig.Length length, ObjectNode objective, int number) {
        return new ModelTraining(
                config, layout.run(run), begin, layout.rows(run), length, objective, config.seed() + 10L * number);
    }

    /// @param rows writes what is learned
    private void train(String title, ModelTraining training, Consumer<StageNotes> rows) {
        step(title, training::done, notes -> {
            rows.accept(notes);
            training.run(stop);
        });
    }

    private void rounds(ModelRef knowledge, Map<String, ModelRef> models) {
        ModelRef begin = knowledge;
        for (int round = 1; round <= config.rounds(); round++) {
            String part = RunLayout.round(round);
            ModelRef from = begin;
            partition(part, from);
            String run = part + "mixed";
            ModelTraining mixed = training(run, from, config.mixed(), ModelTraining.mixed(config, null), 10 * round);
            String title = "mixed: knowledge, easy directly, hard with tools";
            train(
                    config.rounds() == 1 ? title : title + ", round " + round,
                    mixed,
                    notes -> stages.mixedRows(part, from, true, run, notes));
            boolean last = round == config.rounds();
            models.put(last ? Variant.MIXED.label() : "mixed-" + round, mixed.model());
            begin = mixed.model();
        }
    }

    private void partition(String part, ModelRef model) {
        step(
                "easy or hard: tries without tools",
                () -> Files.exists(layout.difficulty(part)),
                notes -> stages.partition(part, model, notes));
    }

    private void preference(Map<String, ModelRef> models) {
        ModelRef begin = Objects.requireNonNull(models.get(Variant.MIXED.label()), "checked with the keys");
        PipelineConfig.Preference wanted = config.preference();
        step(
                "open-ended questions: proposals, ranked",
                () -> Files.exists(layout.pairs()),
                notes -> stages.rank(begin, notes));
        ObjectNode objective = config.objective().objectNode();
        objective.put("type", wanted.type()).put("beta", wanted.beta()).put("sft_weight", wanted.sftWeight());
        Path adapter = begin.adapter();
        objective.put("reference", (adapter == null ? begin.path() : adapter).toString());
        ModelTraining training = new ModelTraining(
                config,
                layout.run("preference"),
                begin,
                layout.pairs(),
                new PipelineConfig.Length(wanted.epochs(), wanted.lr()),
                objective,
                config.seed() + 50);
        step("preferences (" + wanted.type() + ")", training::done, notes -> {
            if (!AppendedFile.rows(layout.pairs()).isEmpty()) {
                training.run(stop);
            }
        });
        models.put("preference", training.model());
    }

    private void measure(Map<String, ModelRef> models) {
        List<String> measured = new ArrayList<>();
        List<String> labels =
                config.evaluate().models().stream().map(Variant::label).toList();
        models.forEach((name, model) -> {
            boolean wanted = labels.contains(name) || name.startsWith("mixed-") || name.equals("preference");
            if (wanted) {
                measured.add(name);
                step("evaluation of " + name, () -> false, notes -> {
                    if (name.equals("preference") && !Files.isDirectory(layout.run(name))) {
                        return; // there was nothing to prefer
                    }
                    stages.evaluate(name, model, notes);
                });
            }
        });
        step("report", () -> false, notes -> new ReportStage(config, layout).run(measured, out));
    }
}
