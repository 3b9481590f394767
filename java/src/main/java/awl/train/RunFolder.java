package awl.train;

import awl.ConfigException;
import awl.track.MetricLine;
import awl.track.Tracker;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The folder of one run, held by one process at a time; where there are several ranks, by rank 0, and the others
/// read.
///
/// ```
/// config.yaml        the configuration with all defaults      environment.json   versions, device, precision, commit
/// metrics.jsonl      one line a step                          validation.jsonl   one line a measurement
/// checkpoints/       step-N                                   model/ or adapter/ what came out
/// tensorboard/       event files, where asked for             mlflow.json        what the run is known by there
/// run.lock           locked while a run is at work            log-rank1.txt ...  what the other ranks would say
/// ```
public final class RunFolder implements AutoCloseable {

    /// What computed a run.
    public static final String ENVIRONMENT = "environment.json";

    private static final JsonMapper JSON = new JsonMapper();
    private static final List<String> DECIDES_ON_ROUNDING =
            List.of("device", "ranks", "threads", "kernels", "sampler", "optimizer", "processor", "libtorch");

    private final Path path;
    /// Null for a rank that only reads.
    private final @Nullable FileChannel lockFile;
    private final CheckpointStore checkpoints;
    private @Nullable FileChannel metrics;
    private Tracker tracker = Tracker.NONE;
    private Tracker.End ended = Tracker.End.FAILED;

    private RunFolder(Path path, @Nullable FileChannel lockFile) {
        this.path = path;
        this.lockFile = lockFile;
        this.checkpoints = new CheckpointStore(path.resolve("checkpoints"));
    }

    /// Makes the folder if need be and locks it.
    public static RunFolder open(Path path) {
        try {
            Files.createDirectories(path);
            FileChannel file =
                    FileChannel.open(path.resolve("run.lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            if (!lock(file)) {
                file.close();
                throw new ConfigException(
                        path
                                + ": another run is at work in this folder (run.lock is held); wait for it or use another output");
            }
            return new RunFolder(path, file);
        } catch (IOException e) {
            throw new ConfigException("output: " + path + " cannot be used: " + e.getMessage(), e);
        }
    }

    /// The same folder for a rank other than 0, which writes nothing of it.
    static RunFolder follow(Path path, int rank) {
        if (!Files.isDirectory(path)) {
            throw new ConfigException(
                    "output: rank %d does not see %s, which rank 0 has made; it must be a folder that all ranks share"
                            .formatted(rank, path));
        }
        return new RunFolder(path, null);
    }

    /// Whether this process writes.
    boolean writes() {
        return lockFile != null;
    }

    /// The lock ends with the process, however it ends.
    private static boolean lock(FileChannel file) throws IOException {
        try {
            FileLock lock = file.tryLock();
            return lock != null && lock.isValid();
        } catch (OverlappingFileLockException e) {
            return false;
        }
    }

    /// The folder itself.
    public Path path() {
        return path;
    }

    CheckpointStore checkpoints() {
        return checkpoints;
    }

    /// Whether a run was started here before.
    boolean isUsed() {
        return Files.exists(config()) || Files.exists(metricsFile());
    }

    Path config() {
        return path.resolve("config.yaml");
    }

    /// Tells a tracker, too, what is written from now on.
    void track(Tracker tracker) {
        this.tracker = tracker;
    }

    /// How the run ended; where this is not said, by an error.
    void ended(Tracker.End how) {
        ended = how;
    }

    private Path metricsFile() {
        return path.resolve("metrics.jsonl");
    }

    private Path validationFile() {
        return path.resolve("validation.jsonl");
    }

    void writeConfig(TrainConfig config) {
        if (!writes()) {
            return;
        }
        Durable.replace(config(), "# as it ran, defaults filled in\n" + ConfigFile.write(config));
    }

    /// Writes what computes this run, as [Environment] has it.
    ///
    /// @param notes told where this differs from how the run was started in what decides on rounding
    public void writeEnvironment(Map<String, ?> environment, Consumer<String> notes) {
        if (!writes()) {
            return;
        }
        try {
            Path file = path.resolve(ENVIRONMENT);
            if (Files.exists(file)) {
                JsonNode before = JSON.readTree(Files.readAllBytes(file));
                for (String key : DECIDES_ON_ROUNDING) {
                    String then = before.path(key).asText();
                    String now = environment.containsKey(key) ? String.valueOf(environment.get(key)) : "";
                    if (!then.equals(now)) {
                        notes.accept("%s is %s, before it was %s: the last digits may differ from an unbroken run"
                                .formatted(key, now, then));
                    }
                }
            }
            Durable.replace(file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(environment) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Opens the metrics for appending behind `step`. Later lines, written by a run that was killed before its
    /// next checkpoint, are dropped: those steps come again and each step has one line.
    void continueAfter(long step) {
        if (!writes()) {
            return;
        }
        try {
            keepUpTo(metricsFile(), step);
            keepUpTo(validationFile(), step);
            metrics = FileChannel.open(
                    metricsFile(), StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
            tracker.begin(step);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + metricsFile(), e);
        }
    }

    private static void keepUpTo(Path file, long step) throws IOException {
        if (!Files.exists(file)) {
            return;
        }
        StringBuilder kept = new StringBuilder();
        for (String line : new String(Files.readAllBytes(file), StandardCharsets.UTF_8).split("\n")) {
            try {
                JsonNode node = JSON.readTree(line);
                if (node.path("step").asLong(Long.MAX_VALUE) <= step) {
                    kept.append(line).append('\n');
                }
            } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
                break; // the last line of a killed run may be cut short; nothing after it counts
            }
        }
        Durable.replace(file, kept.toString());
    }

    /// Appends one line.
    void report(StepReport report) {
        if (!writes()) {
            return;
        }
        try {
            FileChannel open = java.util.Objects.requireNonNull(metrics, "continueAfter comes first");
            append(open, JSON.writeValueAsString(report));
            if (tracker != Tracker.NONE) {
                tell(MetricLine.of(MetricLine.TRAIN, JSON.convertValue(report, new TypeReference<>() {})));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + metricsFile(), e);
        }
    }

    /// Appends one measurement; step 0 is before training.
    void reportValidation(long step, Validation.Measured measured) {
        if (!writes()) {
            return;
        }
        try (FileChannel open = FileChannel.open(
                validationFile(), StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND)) {
            append(open, JSON.writeValueAsString(measured.line(step)));
            open.force(false);
            tell(MetricLine.of(MetricLine.VALIDATION, measured.line(step)));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + validationFile(), e);
        }
    }

    private void tell(MetricLine line) {
        tracker.record(line.step(), line.values());
    }

    private static void append(FileChannel file, String line) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap((line + "\n").getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            file.write(bytes);
        }
    }

    /// Forces the metrics to disk; a checkpoint must not be newer than they are.
    void force() {
        try {
            if (metrics != null) {
                metrics.force(false);
            }
            tracker.flush();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + metricsFile(), e);
        }
    }

    @Override
    public void close() {
        try (FileChannel lock = lockFile;
                FileChannel open = metrics) {
            force();
            tracker.end(ended);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot close " + path, e);
        }
    }
}
