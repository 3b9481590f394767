package awl.pipeline;

import awl.ConfigException;
import awl.chat.ToolMode;
import awl.task.Problem;
import awl.task.ProblemFile;
import awl.tensor.LibTorch;
import awl.tensor.Threads;
import awl.train.RunFolder;
import awl.train.StopSignal;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/// Single stages from file to file, for commands. Each holds the folder of its output while it is at work, and goes on
/// with what is in the output.
///
/// All return an exit code: 0, or that of the signal that stopped them.
public final class Stages {

    private final PipelineConfig config;
    private final ModelRef model;
    private final StopSignal stop;
    private final Said notes;
    private final @Nullable Integer threads;

    /// @param config what is not said by the arguments of a stage; its `output` is only read by [#report]
    /// @param model that answers, and whose template and tokenizer rows are made with
    /// @param threads that compute; null for one a core
    public Stages(PipelineConfig config, ModelRef model, StopSignal stop, PrintStream out, @Nullable Integer threads) {
        this.config = config;
        this.model = model;
        this.stop = stop;
        this.notes = new Said(out);
        this.threads = threads;
    }

    /// Tells on a stream.
    private record Said(PrintStream out) implements StageNotes {
        @Override
        public void say(String line) {
            out.println(line);
        }

        @Override
        public IntConsumer progress(String what, int count) {
            return StageLog.everyFiveSeconds(out, "", what, count);
        }
    }

    /// What training rows are made of.
    public enum Rows {
        /// Solutions without tools under P_n.
        KNOWLEDGE,
        /// All traces under P_i.
        TRACES,
        /// All traces under P_f.
        BOOTSTRAP,
        /// Easy and hard ones under P_i.
        TUA,
        /// Knowledge, easy and hard.
        MIXED
    }

    /// Solutions with tools: trajectories under P_f.
    public int solve(Path problems, Path output) {
        return holding(output, answerer -> {
            new SolveStage(config, answerer, notes).run(ProblemFile.read(problems), output);
            notes.say("%,d questions solved with tools and right"
                    .formatted(SolveStage.kept(output).size()));
        });
    }

    /// Solutions without tools.
    public int restate(Path problems, Path solutions, Path output) {
        return holding(output, answerer -> {
            Map<String, Trajectory> kept = SolveStage.kept(solutions);
            new RestateStage(config, answerer, notes).run(byId(problems), kept, output);
            notes.say("%,d of %,d told without tools and right"
                    .formatted(RestateStage.kept(output).size(), kept.size()));
        });
    }

    /// Easy or hard.
    ///
    /// @param tries grows
    /// @param output written anew
    public int partition(Path problems, Path tries, Path output) {
        return holding(
                output,
                answerer -> new PartitionStage(config, answerer, notes).run(ProblemFile.read(problems), tries, output));
    }

    /// Training rows.
    ///
    /// @param difficulty for easy and hard rows
    public int compose(
            Rows rows,
            Path problems,
            @Nullable Path solutions,
            @Nullable Path derivations,
            @Nullable Path difficulty,
            Path output) {
        return holding(output, answerer -> {
            ComposeStage compose = new ComposeStage(config, byId(problems), answerer);
            ComposeStage.Counts counts = switch (rows) {
                case KNOWLEDGE -> compose.knowledge(RestateStage.kept(need(derivations, "derivations")), output);
                case TRACES -> compose.traces(SolveStage.kept(need(solutions, "solutions")), ToolMode.OPTIONAL, output);
                case BOOTSTRAP ->
                    compose.traces(SolveStage.kept(need(solutions, "solutions")), ToolMode.FORCED, output);
                case TUA, MIXED ->
                    compose.mixed(
                            SolveStage.kept(need(solutions, "solutions")),
                            RestateStage.kept(need(derivations, "derivations")),
                            Difficulty.read(need(difficulty, "difficulty")),
                            rows == Rows.MIXED,
                            output);
            };
            notes.say(counts.toString());
            if (counts.knowledge() + counts.easy() + counts.hard() == 0) {
                throw new ConfigException(output + ": no row: nothing in the files given is right and complete");
            }
        });
    }

    private static Path need(@Nullable Path file, String option) {
        if (file == null) {
            throw new ConfigException("--" + option + ": these rows are made of it; name the file");
        }
        return file;
    }

    /// Answers to unseen questions.
    public int evaluate(Path problems, Path output) {
        return holding(output, answerer -> {
            List<Problem> unseen = ProblemFile.read(problems);
            new EvaluateStage(config, answerer, notes).run(unseen, output);
            Scores scores = Scores.of(model.toString(), unseen, Trajectory.readAll(output));
            notes.say(ResultTable.aligned(ReportStage.table(List.of(scores))).strip());
        });
    }

    /// Preference pairs.
    ///
    /// @param proposals grows
    public int rank(Path problems, Path proposals, Path output) {
        return holding(output, answerer -> {
            RankStage stage = new RankStage(config, answerer, notes);
            List<Problem> open = ProblemFile.read(problems);
            stage.propose(open, proposals);
            stage.rank(open, proposals, output);
        });
    }

    private static Map<String, Problem> byId(Path problems) {
        return ProblemSource.byId(ProblemFile.read(problems));
    }

    private int holding(Path output, Consumer<Answerer> work) {
        LibTorch.await();
        if (threads != null) {
            Threads.set(threads);
        }
        String shown = config.prompts().demonstrations();
        List<Problem> demonstrations = shown == null ? List.of() : ProblemFile.read(Path.of(shown));
        Path folder = output.toAbsolutePath().getParent();
        try (RunFolder lock = RunFolder.open(folder == null ? Path.of("") : folder);
                Answerer answerer = Answerer.open(config, model, stop, demonstrations)) {
            MachineFacts.write(lock, config.model().device(), config.model().precision(), notes::say);
            work.accept(answerer);
            return 0;
        } catch (StageStopped e) {
            notes.say("stopped; the same command goes on");
            return e.exitCode();
        }
    }

    /// The report of a run folder, from what is there.
    public static void report(PipelineConfig config, PrintStream out) {
        RunLayout layout = new RunLayout(Path.of(config.output()));
        new ReportStage(config, layout).run(layout.evaluated(), out);
    }
}
