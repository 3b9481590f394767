package awl.train;

import awl.CheckpointException;
import awl.optim.StateSection;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The checkpoints of a run: folders `checkpoints/step-N` with tensors, state and a manifest of checksums.
///
/// A checkpoint is written beside, forced to disk and renamed, so `step-N` is either whole or not there. One
/// that was damaged later is found out by its checksums, and the one before it is used.
final class CheckpointStore {

    private static final JsonMapper JSON = new JsonMapper();
    private static final String PREFIX = "step-";
    private static final String TENSORS = "tensors.safetensors";
    private static final String STATE = "state.json";
    private static final String MANIFEST = "manifest.json";

    private final Path folder;

    /// @param folder `checkpoints` of the run
    CheckpointStore(Path folder) {
        this.folder = folder;
    }

    /// @param step its number
    record Found(long step, Path folder, TrainingState state) {}

    /// Writes one checkpoint.
    Path write(TrainingState state, List<StateSection> tensors) {
        Path target = folder.resolve(PREFIX + state.step());
        Path partial = folder.resolve("." + PREFIX + state.step() + ".partial");
        try {
            Files.createDirectories(folder);
            Durable.delete(partial);
            Files.createDirectory(partial);
            ObjectNode manifest = JSON.createObjectNode();
            long sum = StateFile.write(partial.resolve(TENSORS), tensors);
            describe(manifest, partial.resolve(TENSORS), sum);
            Durable.write(
                    partial.resolve(STATE),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(state) + "\n");
            describe(manifest, partial.resolve(STATE), StateFile.checksum(partial.resolve(STATE)));
            Durable.write(
                    partial.resolve(MANIFEST),
                    JSON.writerWithDefaultPrettyPrinter().writeValueAsString(manifest) + "\n");
            Durable.delete(target); // only a damaged one of the same step can be there
            Durable.rename(partial, target);
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write checkpoint " + target + ": " + e.getMessage(), e);
        }
    }

    private static void describe(ObjectNode manifest, Path file, long sum) throws IOException {
        manifest.putObject(file.getFileName().toString())
                .put("bytes", Files.size(file))
                .put("crc32c", "%08x".formatted(sum));
    }

    /// The newest checkpoint that is whole.
    ///
    /// @param notes told about every damaged one that was passed over
    Optional<Found> newest(Consumer<String> notes) {
        for (long step : steps().reversed()) {
            Path at = folder.resolve(PREFIX + step);
            String damage = damage(at);
            if (damage == null) {
                try {
                    return Optional.of(new Found(
                            step, at, JSON.readValue(Files.readAllBytes(at.resolve(STATE)), TrainingState.class)));
                } catch (IOException e) {
                    damage = STATE + ": " + e.getMessage();
                }
            }
            notes.accept("checkpoint " + at + " is damaged (" + damage + "); using the one before it");
        }
        return Optional.empty();
    }

    /// One that another rank has found to be whole.
    Found at(long step) {
        Path at = folder.resolve(PREFIX + step);
        try {
            return new Found(step, at, JSON.readValue(Files.readAllBytes(at.resolve(STATE)), TrainingState.class));
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s, which rank 0 goes on from, cannot be read here (%s); the run folder must be one that all ranks share"
                            .formatted(at, e),
                    e);
        }
    }

    private static @Nullable String damage(Path checkpoint) {
        try {
            JsonNode manifest = JSON.readTree(Files.readAllBytes(checkpoint.resolve(MANIFEST)));
            for (String name : List.of(TENSORS, STATE)) {
                JsonNode entry = manifest.path(name);
                Path file = checkpoint.resolve(name);
                if (Files.size(file) != entry.path("bytes").asLong(-1)) {
                    return "%s has %d bytes, expected %s".formatted(name, Files.size(file), entry.path("bytes"));
                }
                String sum = "%08x".formatted(StateFile.checksum(file));
                if (!sum.equals(entry.path("crc32c").asText())) {
                    return "%s has checksum %s, expected %s"
                            .formatted(name, sum, entry.path("crc32c").asText());
                }
            }
            return null;
        } catch (IOException e) {
            return e.toString();
        }
    }

    /// Fills the tensors of a run from a checkpoint.
    void restore(Found checkpoint, List<StateSection> tensors) {
        try {
            StateFile.read(checkpoint.folder().resolve(TENSORS), tensors);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read checkpoint " + checkpoint.folder(), e);
        }
    }

    /// Removes all but the newest `keep`, the best, and leftovers of writes that were cut short.
    void prune(int keep, @Nullable Long best) {
        List<Long> steps = steps();
        try {
            for (long step : steps.subList(0, Math.max(0, steps.size() - keep))) {
                if (best == null || best != step) {
                    Durable.delete(folder.resolve(PREFIX + step));
                }
            }
            try (Stream<Path> left = list()) {
                for (Path path : left.filter(p -> p.getFileName().toString().endsWith(".partial"))
                        .toList()) {
                    Durable.delete(path);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove an old checkpoint below " + folder, e);
        }
    }

    /// Steps that have a folder, ascending.
    List<Long> steps() {
        List<Long> steps = new ArrayList<>();
        try (Stream<Path> paths = list()) {
            paths.map(p -> p.getFileName().toString())
                    .filter(n -> n.matches(PREFIX + "\\d{1,18}"))
                    .forEach(n -> steps.add(Long.parseLong(n.substring(PREFIX.length()))));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
        steps.sort(Comparator.naturalOrder());
        return steps;
    }

    private Stream<Path> list() throws IOException {
        return Files.isDirectory(folder) ? Files.list(folder) : Stream.empty();
    }
}
