package awl.train;

import awl.CheckpointException;
import awl.optim.StateSection;
import awl.parallel.World;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Takes up the newest checkpoint that is whole, all ranks the same one.
///
/// A file's checksum is known when its bytes lie in the tensors already. Where it is wrong, the checkpoint before
/// writes over all of them; where there is none before, the run must make its tensors anew.
final class Resume {

    private final World world;
    private final CheckpointStore store;
    private final Consumer<String> notes;

    /// There are checkpoints, none of them whole, and the run's tensors hold what was read of one.
    static final class NothingWholeException extends CheckpointException {

        private static final long serialVersionUID = 1L;

        NothingWholeException() {
            super("every checkpoint is damaged");
        }
    }

    /// @param notes told about every damaged one that is passed over
    Resume(World world, CheckpointStore store, Consumer<String> notes) {
        this.world = world;
        this.store = store;
        this.notes = notes;
    }

    /// Fills the tensors of a run, each rank for itself.
    ///
    /// @param check of a state before tensors are touched
    /// @return null where there is none, and the tensors are as they were
    /// @throws NothingWholeException where they are not
    @Nullable
    TrainingState newest(Consumer<TrainingState> check, List<StateSection> tensors) {
        Iterator<Long> steps = world.first()
                ? store.steps().reversed().iterator()
                : List.<Long>of().iterator();
        boolean touched = false;
        while (true) {
            CheckpointStore.Found found = next(steps);
            if (found == null) {
                if (touched) {
                    throw new NothingWholeException();
                }
                return null;
            }
            check.accept(found.state());
            touched = true;
            String damage = agreed(damageOf(found, tensors));
            if (damage.isEmpty()) {
                return found.state();
            }
            passOver(found.folder(), damage);
        }
    }

    /// The first rank looks, the others take what it found.
    private CheckpointStore.@Nullable Found next(Iterator<Long> steps) {
        CheckpointStore.Found found = readable(steps);
        String step =
                world.gather(found == null ? "" : Long.toString(found.step())).getFirst();
        return world.first() || step.isEmpty() ? found : of(Long.parseLong(step));
    }

    private CheckpointStore.@Nullable Found readable(Iterator<Long> steps) {
        while (steps.hasNext()) {
            long step = steps.next();
            try {
                return store.open(step);
            } catch (CheckpointStore.DamagedException e) {
                passOver(store.folder(step), String.valueOf(e.getMessage()));
            }
        }
        return null;
    }

    private CheckpointStore.Found of(long step) {
        try {
            return store.open(step);
        } catch (CheckpointStore.DamagedException e) {
            throw new CheckpointException(
                    "%s, which rank 0 goes on from, cannot be read here (%s); the run folder must be one that all ranks share"
                            .formatted(store.folder(step), e.getMessage()),
                    e);
        }
    }

    private String damageOf(CheckpointStore.Found found, List<StateSection> tensors) {
        try {
            store.restore(found, tensors);
            return "";
        } catch (CheckpointStore.DamagedException e) {
            return String.valueOf(e.getMessage());
        }
    }

    /// One rank that reads something else is enough to pass a checkpoint over.
    private String agreed(String damage) {
        List<String> all = world.gather(damage);
        return IntStream.range(0, all.size())
                .filter(rank -> !all.get(rank).isEmpty())
                .mapToObj(rank -> rank == 0 ? all.get(rank) : "rank %d: %s".formatted(rank, all.get(rank)))
                .findFirst()
                .orElse("");
    }

    private void passOver(Path checkpoint, String damage) {
        notes.accept("checkpoint %s is damaged (%s); using the one before it".formatted(checkpoint, damage));
    }
}
