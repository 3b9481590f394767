package awl.train;

import awl.ConfigException;
import java.nio.file.Path;
import java.util.Set;
import java.util.function.Consumer;

/// A resumed run goes on with the numbers it was started with.
final class SameNumbers {

    /// Keys that may differ when a run is resumed: they change where things lie or how long it goes on, not the
    /// numbers of its steps (rows are compared by content).
    private static final Set<String> MAY_CHANGE = Set.of(
            "model.path",
            "model.adapter",
            "model.device",
            "data.train",
            "data.validation",
            "train.steps",
            "train.epochs",
            "train.zero",
            "train.overlap",
            "train.bucket_mib",
            "train.backend",
            "checkpoint.every",
            "checkpoint.keep",
            "output");

    private SameNumbers() {}

    /// @param notes told about lengths that differ
    /// @throws ConfigException with the first key that must not
    static void require(Path run, TrainConfig before, TrainConfig config, Consumer<String> notes) {
        for (YamlRecords.Change change : YamlRecords.changes(before, config)) {
            String key = change.key();
            String values =
                    "%s is %s, the run in %s was started with %s".formatted(key, change.now(), run, change.before());
            if (!MAY_CHANGE.contains(key) && !key.startsWith("tracking.")) {
                throw new ConfigException(values
                        + "; a resumed run must go on with the same numbers: put it back, or name another output");
            }
            if (key.startsWith("train.")) {
                notes.accept(values + "; a schedule that depends on the length goes on as if it had always been so");
            }
        }
    }
}
