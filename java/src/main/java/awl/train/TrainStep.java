package awl.train;

import awl.data.Batch;
import awl.data.StepBatches;
import awl.kernel.Kernels;
import awl.optim.GradientNorm;
import awl.optim.Optimizer;
import awl.optim.Schedule;
import awl.parallel.GradientBuckets;
import awl.parallel.World;
import awl.tensor.Cuda;
import awl.tensor.HostMemory;
import awl.tensor.Parameter;
import awl.tensor.Scalars;
import awl.tensor.TensorScope;
import awl.tensor.Tensors;
import java.util.List;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/// One optimiser step: gradients of all micro-batches, one global norm, clipping, AdamW.
///
/// The normaliser belongs to the whole step and is known before the first micro-batch, so accumulation and
/// packing change nothing but rounding. Nothing waits for the device before the end of the step; a NaN anywhere
/// keeps AdamW from touching the weights and is reported there.
///
/// Where there are several ranks, each computes its own micro-batches; loss and gradients are summed, and from there
/// on every rank does the same with the same numbers.
final class TrainStep {

    private final Objective objective;
    private final World world;
    private final GradientBuckets buckets;
    private final Kernels kernels;
    private final RandomStreams random;
    private final Update update;

    /// From gradients to the next parameters.
    ///
    /// @param clipNorm most norm of the gradients, 0 for no limit
    /// @param before called when parameters and moments are about to change
    record Update(Optimizer optimizer, Schedule schedule, double clipNorm, Runnable before) {}

    /// @param buckets of the objective's parameters
    /// @param kernels compute the global norm
    TrainStep(
            World world,
            Objective objective,
            GradientBuckets buckets,
            Kernels kernels,
            RandomStreams random,
            Update update) {
        this.world = world;
        this.objective = objective;
        this.buckets = buckets;
        this.kernels = kernels;
        this.random = random;
        this.update = update;
    }

    StepReport run(StepBatches step) {
        long start = System.nanoTime();
        List<Parameter> parameters = objective.trainable();
        try (TensorScope scope = TensorScope.open()) {
            Cuda.resetPeak(objective.device());
            Tensor loss = Tensors.zeros(objective.device(), ScalarType.Double);
            LogProbs learned = new LogProbs();
            parameters.forEach(Parameter::zeroGradient);
            startRandomStream(step);
            List<Batch> batches = active(step.microBatches());
            rehearse(step, batches);
            buckets.startStep(batches.size());
            for (int b = 0; b < batches.size(); b++) {
                Batch batch = batches.get(b);
                buckets.microBatch(b == batches.size() - 1);
                try (TensorScope micro = TensorScope.open()) {
                    Objective.Learned out = objective.learn(batch, 1.0 / step.normaliser());
                    loss.add_(out.loss());
                    learned.add(batch, micro.keep(out.logProb_A()));
                }
            }
            buckets.finish();
            world.sum(loss);
            Tensor norm = buckets.norm(kernels);
            Tensor both = norm.add(loss);
            // What is not finite less itself is not a number.
            Tensor broken = both.sub(both).ne(Scalars.ZERO).to(ScalarType.Float);
            double rate = update.schedule().at(step.step());
            update.before().run();
            update.optimizer().step(buckets.gradients(), rate, GradientNorm.divisor(norm, update.clipNorm()), broken);

            double lossValue = loss.item_double(); // the only wait for the device
            double normValue = norm.item_double();
            update.optimizer().settle();
            if (!Double.isFinite(lossValue) || !Double.isFinite(normValue)) {
                throw Divergence.explain(step, lossValue, normValue, learned, parameters, buckets, world);
            }
            Map<String, @Nullable Double> parts =
                    objective.parts(step, world.first() ? lossValue : 0, learned, scored(objective, step.measured()));
            return new StepReport(
                    step.step(),
                    step.epoch(),
                    lossValue,
                    rate,
                    normValue,
                    step.tokens(),
                    step.learnedTokens(),
                    (System.nanoTime() - start) / 1e9,
                    HostMemory.peakBytes(),
                    devicePeak(),
                    null,
                    RankSums.of(world, parts));
        }
    }

    private void startRandomStream(StepBatches step) {
        objective.startRandomStream(random.of(step.step()));
    }

    /// Where gradients are sharded, the first micro-batch of all is computed twice.
    private void rehearse(StepBatches step, List<Batch> batches) {
        if (batches.isEmpty()) {
            return;
        }
        try (TensorScope micro = TensorScope.open()) {
            if (buckets.rehearse(() -> objective.learn(batches.getFirst(), 1.0 / step.normaliser()))) {
                startRandomStream(step);
            }
        }
    }

    private @Nullable Long devicePeak() {
        return objective.device().isCuda() ? Cuda.peakBytes(objective.device()) : null;
    }

    /// Scores batches without learning from them; the results live in the caller's scope.
    static LogProbs scored(Objective objective, List<Batch> batches) {
        LogProbs scored = new LogProbs();
        for (Batch batch : active(batches)) {
            try (TensorScope micro = TensorScope.open()) {
                scored.add(batch, micro.keep(objective.logProb(batch)));
            }
        }
        return scored;
    }

    /// A micro-batch without active rows has no loss and no gradient.
    private static List<Batch> active(List<Batch> batches) {
        return batches.stream().filter(batch -> batch.activeRows().length > 0).toList();
    }
}
