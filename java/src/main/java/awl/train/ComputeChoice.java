package awl.train;

import awl.kernel.KernelSelection;
import awl.kernel.Kernels;
import awl.optim.AdamWRule;
import awl.parallel.World;
import awl.tensor.Cuda;
import awl.tensor.DeviceChoice;
import awl.tensor.DeviceHandle;
import awl.tensor.Precision;
import awl.tensor.Threads;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What computes a run, as chosen here and agreed on by its ranks, and why.
///
/// @param world the processes that make the run together
/// @param device of this rank
/// @param precision the same on all ranks
/// @param rule AdamW's update
record ComputeChoice(World world, DeviceChoice device, PrecisionChoice precision, Kernels kernels, AdamWRule rule) {

    /// @param before the configuration that a run to be resumed was started with
    static ComputeChoice of(
            World world, TrainConfig.Model asked, TrainConfig.@Nullable Model before, KernelSelection.Wanted wanted) {
        // Ranks have their devices from the start, for what they exchange lies there.
        DeviceChoice device = world.size() == 1
                ? DeviceChoice.here(asked.device())
                : world.exchange().place();
        Cuda.use(device.device());
        Kernels kernels =
                KernelSelection.forThisMachine(wanted, device.device()).open();
        PrecisionChoice precision =
                agreed(world, world.first() ? precision(asked.precision(), before, device.device(), kernels) : null);
        return new ComputeChoice(world, device, precision, kernels, AdamWRule.best(kernels));
    }

    /// As the first rank chose it: machines may differ in what is fast.
    private static PrecisionChoice agreed(World world, @Nullable PrecisionChoice own) {
        String agreed =
                world.gather(own == null ? "" : own.precision().toString()).getFirst();
        return own == null ? new PrecisionChoice(Precision.parse(agreed), "as rank 0 has chosen") : own;
    }

    private static PrecisionChoice precision(
            String asked, TrainConfig.@Nullable Model before, DeviceHandle device, Kernels kernels) {
        return before != null && asked.equals("auto")
                ? new PrecisionChoice(Precision.parse(before.precision()), "auto: as this run was started")
                : PrecisionChoice.of(asked, device, kernels);
    }

    /// For the user.
    ///
    /// @param sharding what its ranks share
    String describe(Sharding sharding) {
        String processes = world.size() == 1
                ? Threads.count() + " threads"
                : "%d ranks of %d threads over %s%s"
                        .formatted(
                                world.size(), Threads.count(), world.exchange().kind(), sharding);
        return "on %s, %s (%s), kernels %s, AdamW by %s, %s"
                .formatted(device, precision.precision(), precision.reason(), kernels.name(), rule.name(), processes);
    }

    /// For `environment.json`.
    Map<String, Object> environment(String modelType) {
        Map<String, Object> facts = Environment.of(device, kernels);
        facts.put("ranks", world.size());
        facts.put("exchange", world.exchange().toString());
        facts.put("precision", precision.precision().toString());
        facts.put("precision_reason", precision.reason());
        facts.put("optimizer", rule.name());
        facts.put("model_type", modelType);
        return facts;
    }
}
