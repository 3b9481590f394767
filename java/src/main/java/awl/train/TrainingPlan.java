package awl.train;

import java.util.Objects;

/// The numbers of a run.
///
/// @param steps optimiser steps in all
/// @param batchSize rows of a step
/// @param seed of the run
/// @param clipNorm most norm of the gradients, 0 for no limit
/// @param every steps between checkpoints
/// @param keep how many checkpoints stay
/// @param background whether training goes on while they are written
/// @param dataFingerprint of the training rows
record TrainingPlan(
        long steps,
        int batchSize,
        long seed,
        double clipNorm,
        long every,
        int keep,
        boolean background,
        String dataFingerprint) {

    static TrainingPlan of(TrainConfig config, long stepsPerEpoch, String dataFingerprint) {
        TrainConfig.Train train = config.train();
        TrainConfig.Checkpoint checkpoint = config.checkpoint();
        Long steps = train.steps();
        long total =
                steps != null ? steps : (long) Math.ceil(Objects.requireNonNull(train.epochs()) * stepsPerEpoch - 1e-9);
        return new TrainingPlan(
                Math.max(1, total),
                train.batchSize(),
                train.seed(),
                train.clipNorm(),
                checkpoint.every(),
                checkpoint.keep(),
                checkpoint.background(),
                dataFingerprint);
    }
}
