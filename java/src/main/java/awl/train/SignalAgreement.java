package awl.train;

import awl.parallel.World;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// What signals ask of a run, agreed on at the border of each step: all ranks stop, or write a checkpoint, when one of
/// them was asked to.
record SignalAgreement(World world, StopSignal stop) {

    /// @param stopping whether all stop
    /// @param checkpoint the signal that asks for a checkpoint; null where none does
    record Asked(boolean stopping, @Nullable String checkpoint) {}

    /// What was asked is read once: a signal that comes meanwhile waits for the next border, or this rank would leave
    /// the others alone with their step.
    Asked read() {
        String name = stop.name();
        String checkpoint = stop.takeCheckpoint();
        if (world.size() == 1) {
            return new Asked(name != null, checkpoint);
        }
        double[] asked = RankSums.of(world, name == null ? 0 : 1, checkpoint == null ? 0 : 1);
        boolean stopping = asked[0] > 0;
        if (stopping) {
            named(name).ifPresent(stop::adopt);
        }
        return new Asked(stopping, asked[1] > 0 ? named(checkpoint).orElse(null) : null);
    }

    private Optional<String> named(@Nullable String own) {
        return world.gather(own == null ? "" : own).stream()
                .filter(name -> !name.isEmpty())
                .findFirst();
    }
}
