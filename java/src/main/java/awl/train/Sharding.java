package awl.train;

import awl.optim.AdamW;
import awl.optim.AdamWRule;
import awl.optim.Optimizer;
import awl.parallel.GradientBuckets;
import awl.parallel.ShardedOptimizer;
import awl.parallel.World;
import awl.tensor.Parameter;
import java.util.List;

/// What each rank keeps only a share of: ZeRO (Rajbhandari et al. 2020), `train.zero` its stage.
record Sharding(World world, TrainConfig.Train how) {

    GradientBuckets buckets(List<Parameter> trained) {
        long bytes = (long) how.bucketMib() << 20;
        return how.zero() > 1
                ? GradientBuckets.sharded(world, trained, bytes, how.overlap())
                : GradientBuckets.whole(world, trained, bytes, how.overlap());
    }

    /// @param buckets with the gradients of the trained
    Optimizer optimizer(TrainConfig.Optimizer adam, List<Parameter> trained, GradientBuckets buckets, AdamWRule rule) {
        AdamW.Settings settings =
                new AdamW.Settings(adam.betas().getFirst(), adam.betas().getLast(), adam.eps(), adam.weightDecay());
        return world.size() > 1 && how.zero() > 0
                ? new ShardedOptimizer(world, trained, buckets, settings, rule)
                : new AdamW(AdamW.slots(trained), settings, rule);
    }

    /// As the end of a sentence.
    @Override
    public String toString() {
        return switch (how.zero()) {
            case 0 -> "";
            case 1 -> ", optimiser state in shares";
            default -> ", optimiser state and gradients in shares";
        };
    }
}
