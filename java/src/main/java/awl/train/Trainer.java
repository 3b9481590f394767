package awl.train;

import awl.DivergedException;
import awl.data.BatchStream;
import awl.data.StepBatches;
import awl.kernel.Kernels;
import awl.optim.Optimizer;
import awl.optim.Schedule;
import awl.optim.StateSection;
import awl.parallel.GradientBuckets;
import awl.parallel.World;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/// The loop: step after step, with a line of metrics for each, validation and a checkpoint every so often, and
/// a checkpoint when asked to stop.
///
/// A run that stops anywhere, by a signal, an error or kill -9, and is resumed gives the same weights and
/// metrics bit by bit as one that never stopped: a step depends only on the tensors in the checkpoint, the seed
/// and its own number.
///
/// Where there are several ranks, all go through the same loop; the first one writes. What one of them is asked by a
/// signal is agreed on at the border of each step.
final class Trainer implements AutoCloseable {

    /// How a run ended.
    enum End {
        FINISHED,
        STOPPED
    }

    private final World world;
    private final Objective objective;
    private final BatchStream data;
    private final @Nullable Validation validation;
    private final RunFolder folder;
    private final CheckpointStore checkpoints;
    private final CheckpointWriter writer;
    private final TrainingPlan plan;
    private final Schedule schedule;
    private final Optimizer optimizer;
    private final TrainStep step;
    private final Progress progress;
    private final StopSignal stop;
    private final SignalAgreement signals;
    private final RandomStreams random;

    private long done;
    private long saved;
    private @Nullable Long bestStep;
    private @Nullable Double bestLoss;
    private @Nullable Double lastValidation;

    /// @param buckets of the objective's parameters
    Trainer(
            World world,
            Objective objective,
            BatchStream data,
            @Nullable Validation validation,
            RunFolder folder,
            TrainingPlan plan,
            Schedule schedule,
            GradientBuckets buckets,
            Optimizer optimizer,
            Kernels kernels,
            Progress progress,
            StopSignal stop) {
        this.world = world;
        this.objective = objective;
        this.data = data;
        this.validation = validation;
        this.folder = folder;
        this.checkpoints = folder.checkpoints();
        this.writer = new CheckpointWriter(checkpoints, plan.background(), progress::note);
        this.plan = plan;
        this.schedule = schedule;
        this.optimizer = optimizer;
        this.random = new RandomStreams(plan.seed());
        TrainStep.Update update = new TrainStep.Update(optimizer, schedule, plan.clipNorm(), writer::settle);
        this.step = new TrainStep(world, objective, buckets, kernels, random, update);
        this.progress = progress;
        this.stop = stop;
        this.signals = new SignalAgreement(world, stop);
    }

    /// Takes up the newest whole checkpoint, if there is one.
    ///
    /// @return steps that are done
    /// @throws Resume.NothingWholeException where parameters and moments can only be made anew
    long resume() {
        Resume from = new Resume(world, checkpoints, progress::note);
        TrainingState state;
        try (TensorScope scope = TensorScope.open()) {
            state = from.newest(this::requireSameRows, sections());
        }
        if (state != null) {
            done = state.step();
            saved = done;
            bestStep = state.bestStep();
            bestLoss = state.bestLoss();
            lastValidation = state.validationLoss();
        }
        progress.note(
                state == null
                        ? "no checkpoint in " + folder.path() + " yet: starting from the beginning"
                        : "resuming behind step " + done);
        return done;
    }

    private void requireSameRows(TrainingState state) {
        if (!state.dataFingerprint().equals(plan.dataFingerprint())) {
            throw new awl.ConfigException(
                    "data.train: the rows are not those the run in %s was started with; put them back or use another output"
                            .formatted(folder.path()));
        }
    }

    End run() {
        try (NoGradGuard guard = new NoGradGuard();
                BatchStream.Ahead ahead = data.from(done + 1, plan.steps())) {
            objective
                    .trainable()
                    .forEach(parameter ->
                            world.startBroadcast(parameter.value(), 0).await());
            folder.continueAfter(done == 0 ? -1 : done);
            progress.begin(done, plan.steps());
            if (done == 0) {
                validate();
            }
            while (done < plan.steps()) {
                SignalAgreement.Asked asked = signals.read();
                if (asked.stopping()) {
                    progress.note("%s: stopping behind step %d".formatted(stop.name(), done));
                    if (done > saved) {
                        checkpoint();
                    }
                    writer.await();
                    return End.STOPPED;
                }
                if (asked.checkpoint() != null && done > saved) {
                    progress.note("%s: checkpoint behind step %d".formatted(asked.checkpoint(), done));
                    checkpoint();
                }
                writer.check();
                next(ahead.next());
            }
            writer.await();
            return End.FINISHED;
        }
    }

    private void next(StepBatches batches) {
        if (batches.learnedTokens() == 0) {
            progress.note("step %d: none of its rows has a token to learn".formatted(batches.step()));
        }
        StepReport report = guarded(batches);
        done = batches.step();
        lastValidation = null;
        boolean due = done % plan.every() == 0 || done == plan.steps();
        if (due) {
            Double loss = validate();
            report = loss == null ? report : report.withValidation(loss);
        }
        folder.report(report);
        progress.step(report);
        if (due) {
            checkpoint();
        }
    }

    private StepReport guarded(StepBatches batches) {
        try {
            return step.run(batches);
        } catch (DivergedException e) {
            throw new DivergedException(e.getMessage() + "; " + lastGood(), e);
        }
    }

    private String lastGood() {
        try {
            writer.await();
        } catch (RuntimeException e) {
            progress.note(String.valueOf(e.getMessage())); // what is told now is why training ends
        }
        List<Long> kept = checkpoints.steps();
        return kept.isEmpty() ? "there is no checkpoint yet" : "last good checkpoint: step " + kept.getLast();
    }

    private @Nullable Double validate() {
        if (validation == null) {
            return null;
        }
        Validation.Measured measured = validation.measure();
        double loss = measured.loss();
        if (!Double.isFinite(loss)) {
            throw new DivergedException("step %d: the validation loss is %s; %s".formatted(done, loss, lastGood()));
        }
        folder.reportValidation(done, measured);
        progress.note("validation loss %.6f at step %d%s".formatted(loss, done, Progress.parts(measured.parts())));
        lastValidation = loss;
        if (done > 0 && (bestLoss == null || loss < bestLoss)) {
            bestLoss = loss;
            bestStep = done;
        }
        return loss;
    }

    private void checkpoint() {
        saved = done;
        try (TensorScope scope = TensorScope.open()) {
            if (!folder.writes()) {
                sections().forEach(section -> section.collect().run());
                return;
            }
            folder.force(); // a checkpoint is never newer than the metrics on disk
            writer.write(state(), sections(), plan.keep(), bestStep);
        }
    }

    private TrainingState state() {
        long perEpoch = data.stepsPerEpoch();
        return new TrainingState(
                done,
                done / perEpoch,
                data.position(done),
                plan.seed(),
                random.of(done + 1),
                schedule.at(done),
                plan.dataFingerprint(),
                lastValidation,
                bestStep,
                bestLoss);
    }

    /// All that changes: parameters, masters and moments.
    private List<StateSection> sections() {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (Parameter parameter : objective.trainable()) {
            weights.put(parameter.name(), parameter.value());
        }
        List<StateSection> sections = new ArrayList<>(List.of(StateSection.of(weights)));
        sections.addAll(optimizer.state());
        return sections;
    }

    @Override
    public void close() {
        writer.close();
        progress.close();
        optimizer.close();
    }
}
