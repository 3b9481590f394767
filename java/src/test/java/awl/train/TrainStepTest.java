package awl.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import awl.DivergedException;
import awl.NativeObjects;
import awl.data.BatchStream;
import awl.data.Example;
import awl.data.Packer;
import awl.data.Reduction;
import awl.data.StepBatches;
import awl.data.Weighting;
import awl.optim.AdamW;
import awl.optim.AdamWRule;
import awl.optim.Schedule;
import awl.parallel.GradientBuckets;
import awl.parallel.World;
import awl.tensor.Parameter;
import awl.tensor.TensorScope;
import awl.tensor.Threads;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class TrainStepTest {

    @TempDir
    Path folder;

    private static BatchStream stream(List<Example> rows, Reduction reduction, Packer packer) {
        return new BatchStream(rows, new Weighting(reduction), packer, 8, false, 1);
    }

    private static TrainStep step(TinyObjective objective, AdamW adam) {
        return new TrainStep(
                World.single(),
                objective,
                buckets(objective),
                TinyRun.KERNELS,
                new RandomStreams(5),
                new TrainStep.Update(adam, new Schedule.Constant(1e-2, 0), 1.0, () -> {}));
    }

    private static GradientBuckets buckets(TinyObjective objective) {
        return GradientBuckets.whole(World.single(), objective.trainable(), 1, true);
    }

    private static AdamW adam(TinyObjective objective) {
        return new AdamW(
                AdamW.slots(objective.trainable()),
                new AdamW.Settings(0.9, 0.999, 1e-8, 0.1),
                AdamWRule.best(TinyRun.KERNELS));
    }

    private record Outcome(StepReport report, List<Tensor> gradients) {}

    private static Outcome once(List<Example> rows, Reduction reduction, Packer packer, TensorScope scope) {
        try (TinyObjective objective = new TinyObjective(TinyRun.VOCABULARY, 8, 0);
                AdamW adam = adam(objective)) {
            StepReport report =
                    step(objective, adam).run(stream(rows, reduction, packer).at(1));
            List<Tensor> gradients = new ArrayList<>();
            for (Parameter parameter : objective.trainable()) {
                gradients.add(
                        java.util.Objects.requireNonNull(parameter.gradient()).clone());
            }
            return new Outcome(report, gradients);
        }
    }

    @Test
    void oneByEightEqualsEightByOneEqualsPacked() {
        Threads.set(1);
        List<Example> rows = TinyRun.rows(8, 4);
        for (Reduction reduction : Reduction.values()) {
            try (TensorScope scope = TensorScope.open()) {
                Outcome whole = once(rows, reduction, new Packer(false, 1, 8), scope);
                for (Packer other :
                        List.of(new Packer(false, 1, 1), new Packer(false, 1, 3), new Packer(true, 12, 1))) {
                    Outcome parts = once(rows, reduction, other, scope);
                    assertThat(parts.report().loss()).isCloseTo(whole.report().loss(), within(1e-6));
                    assertThat(parts.report().gradientNorm())
                            .isCloseTo(whole.report().gradientNorm(), within(1e-6));
                    assertThat(parts.report().learnedTokens())
                            .isEqualTo(whole.report().learnedTokens());
                    for (int p = 0; p < parts.gradients().size(); p++) {
                        Tensor apart =
                                parts.gradients().get(p).sub(whole.gradients().get(p));
                        assertThat(apart.norm().item_double())
                                .isLessThan(
                                        1e-6 * whole.gradients().get(p).norm().item_double());
                    }
                }
            }
        }
    }

    @Test
    void gradientsAreThoseOfTheReportedLoss() {
        Threads.set(1);
        List<Example> rows = TinyRun.rows(8, 6);
        StepBatches batches =
                stream(rows, Reduction.TOKEN_MEAN, new Packer(true, 24, 1)).at(1);
        try (TensorScope scope = TensorScope.open();
                TinyObjective objective = new TinyObjective(TinyRun.VOCABULARY, 8, 0);
                AdamW adam = adam(objective)) {
            TrainStep frozen = new TrainStep(
                    World.single(),
                    objective,
                    buckets(objective),
                    TinyRun.KERNELS,
                    new RandomStreams(5),
                    new TrainStep.Update(adam, new Schedule.Constant(0, 0), 0, () -> {}));
            frozen.run(batches);
            for (Parameter parameter : objective.trainable()) {
                Tensor flat = parameter.value().view(-1);
                double slope = java.util.Objects.requireNonNull(parameter.gradient())
                        .view(-1)
                        .select(0, 3)
                        .item_double();
                double h = 1e-2;
                flat.select(0, 3).add_(new Scalar(h));
                double up = frozen.run(batches).loss();
                flat.select(0, 3).sub_(new Scalar(2 * h));
                double down = frozen.run(batches).loss();
                flat.select(0, 3).add_(new Scalar(h));
                assertThat((up - down) / (2 * h)).isCloseTo(slope, within(2e-4));
            }
        }
    }

    @Test
    void fiftyStepsLeaveNoNativeObjectBehind() {
        Threads.set(1);
        BatchStream data = stream(TinyRun.rows(8, 4), Reduction.TOKEN_MEAN, new Packer(true, 12, 1));
        try (TensorScope run = TensorScope.open();
                TinyObjective objective = new TinyObjective(TinyRun.VOCABULARY, 8, 0.1);
                AdamW adam = adam(objective)) {
            TrainStep step = step(objective, adam);
            long before = 0;
            for (int s = 1; s <= 50; s++) {
                step.run(data.at(s));
                if (s == 2) {
                    before = NativeObjects.settled();
                }
            }
            assertThat(Pointer.totalCount()).isLessThanOrEqualTo(before);
        }
    }

    @Test
    void aStepWithNothingToLearnHasNoLossAndNoGradient() {
        Example idle = new Example("idle", new int[] {1, 2, 3}, new float[3], 1, "f:1");
        try (TensorScope scope = TensorScope.open()) {
            StepReport report = once(List.of(idle), Reduction.TOKEN_MEAN, new Packer(false, 1, 1), scope)
                    .report();
            assertThat(report.loss()).isZero();
            assertThat(report.gradientNorm()).isZero();
            assertThat(report.learnedTokens()).isZero();
        }
    }

    @Test
    void aNanNamesStepDocumentAndTensorAndChangesNoWeight() {
        Threads.set(1);
        Example good = new Example("good", new int[] {1, 2, 3}, new float[] {0, 1, 1}, 1, "f:1");
        Example bad = new Example("bad", new int[] {4, 5, 6}, new float[] {0, 1, 1}, 1, "f:2");
        try (TensorScope scope = TensorScope.open();
                TinyObjective objective = new TinyObjective(TinyRun.VOCABULARY, 8, 0);
                AdamW adam = adam(objective)) {
            Parameter embedding = objective.trainable().getFirst();
            embedding.value().select(0, 4).fill_(new Scalar(Double.NaN));
            Tensor head = objective.trainable().get(1).value();
            Tensor kept = head.clone();
            StepBatches batches = stream(List.of(good, bad), Reduction.TOKEN_MEAN, new Packer(false, 1, 2))
                    .at(1);

            assertThatThrownBy(() -> step(objective, adam).run(batches))
                    .isInstanceOf(DivergedException.class)
                    .hasMessageContaining("step 1: the loss is NaN; first seen in documents: bad; ")
                    .hasMessageContaining("weights that are not finite: embedding;")
                    .hasMessageContaining("gradients that are not finite: embedding, head, bias;");
            assertThat(head.equal(kept)).isTrue();
        }
    }

    @Test
    void aRunThatDivergesKeepsItsLastCheckpointAndSaysSo() {
        PrintStream quiet = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
        assertThatThrownBy(() -> TinyRun.run(folder, 60, 1e37, new StopSignal(), quiet, TinyRun.Pause.NONE))
                .isInstanceOf(DivergedException.class)
                .hasMessageContaining("step ")
                .satisfies(e -> assertThat(((DivergedException) e).exitCode()).isEqualTo(1))
                .hasMessageContaining("there is no checkpoint yet");
        try (RunFolder run = RunFolder.open(folder)) {
            assertThat(run.checkpoints().steps()).isEmpty();
        }
    }

    @Test
    void otherDataIsRefusedOnResume() {
        PrintStream quiet = new PrintStream(new ByteArrayOutputStream(), false, StandardCharsets.UTF_8);
        TinyRun.run(folder, 7, 1e-2, new StopSignal(), quiet, TinyRun.Pause.NONE);
        try (TensorScope scope = TensorScope.open();
                RunFolder run = RunFolder.open(folder);
                TinyObjective objective = new TinyObjective(TinyRun.VOCABULARY, 8, 0);
                Trainer other = new Trainer(
                        World.single(),
                        objective,
                        stream(TinyRun.rows(8, 9), Reduction.TOKEN_MEAN, new Packer(true, 24, 1)),
                        null,
                        run,
                        new TrainingPlan(20, 8, 42, 1, 7, 2, true, "other rows"),
                        new Schedule.Constant(1e-2, 0),
                        buckets(objective),
                        adam(objective),
                        TinyRun.KERNELS,
                        new Progress(quiet, false),
                        new StopSignal())) {
            assertThatThrownBy(other::resume)
                    .isInstanceOf(awl.ConfigException.class)
                    .hasMessageContaining("data.train: the rows are not those");
        }
    }
}
