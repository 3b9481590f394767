package awl.train;

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
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// The checkpoints of a run: folders `checkpoints/step-N` with tensors, state and a manifest of checksums.
///
/// A checkpoint is written beside, forced to disk and renamed, so `step-N` is either whole or not there. One
/// that was damaged later is found out by its checksums: that of the tensors while they are read, for reading them
/// twice would take as long again. [Resume] then goes on to the one before.
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

    /// One whose state is whole; whether its tensors are is known when they have been read.
    ///
    /// @param step its number
    /// @param manifest sizes and checksums of its files
    record Found(long step, Path folder, TrainingState state, JsonNode manifest) {}

    /// What is in a checkpoint is not what was written.
    static final class DamagedException extends IOException {

        private static final long serialVersionUID = 1L;

        DamagedException(String what, @Nullable Throwable cause) {
            super(what, cause);
        }
    }

    /// What writes the tensors' file.
    @FunctionalInterface
    interface Tensors {
        /// @return CRC32C of the file
        long write(Path file) throws IOException;
    }

    /// Writes one checkpoint.
    Path write(TrainingState state, List<StateSection> tensors) {
        return write(state, file -> StateFile.write(file, tensors));
    }

    /// Writes one checkpoint.
    Path write(TrainingState state, Tensors tensors) {
        Path target = folder(state.step());
        Path partial = folder.resolve("." + PREFIX + state.step() + ".partial");
        try {
            Files.createDirectories(folder);
            Durable.delete(partial);
            Files.createDirectory(partial);
            ObjectNode manifest = JSON.createObjectNode();
            long sum = tensors.write(partial.resolve(TENSORS));
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

    /// Where a step's checkpoint lies.
    Path folder(long step) {
        return folder.resolve(PREFIX + step);
    }

    /// Opens one, without its tensors.
    ///
    /// @throws DamagedException where it is not as it was written, as far as this is seen without the tensors
    Found open(long step) throws DamagedException {
        Path at = folder(step);
        try {
            JsonNode manifest = JSON.readTree(Files.readAllBytes(at.resolve(MANIFEST)));
            requireSize(manifest, at.resolve(STATE));
            requireSame(manifest, STATE, StateFile.checksum(at.resolve(STATE)));
            TrainingState state = JSON.readValue(Files.readAllBytes(at.resolve(STATE)), TrainingState.class);
            requireSize(manifest, at.resolve(TENSORS));
            return new Found(step, at, state, manifest);
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    /// Fills the tensors of a run from a checkpoint.
    ///
    /// @throws DamagedException where the file is not as it was written; the tensors are then those of no step
    /// @throws awl.CheckpointException where it is, and holds other tensors
    void restore(Found checkpoint, List<StateSection> tensors) throws DamagedException {
        try (BlockReader from = new BlockReader(checkpoint.folder().resolve(TENSORS))) {
            try {
                StateFile.read(from, tensors);
            } catch (IOException | RuntimeException e) {
                // What a damaged file seems to hold says nothing about the run.
                requireSame(checkpoint.manifest(), TENSORS, from.checksum());
                throw e;
            }
            requireSame(checkpoint.manifest(), TENSORS, from.checksum());
        } catch (IOException e) {
            throw damaged(e);
        }
    }

    private static DamagedException damaged(IOException e) {
        return e instanceof DamagedException damaged ? damaged : new DamagedException(e.toString(), e);
    }

    private static void requireSize(JsonNode manifest, Path file) throws IOException {
        JsonNode expected = manifest.path(file.getFileName().toString()).path("bytes");
        if (Files.size(file) != expected.asLong(-1)) {
            throw new DamagedException(
                    "%s has %d bytes, expected %s".formatted(file.getFileName(), Files.size(file), expected), null);
        }
    }

    private static void requireSame(JsonNode manifest, String name, long checksum) throws DamagedException {
        String expected = manifest.path(name).path("crc32c").asText();
        String sum = "%08x".formatted(checksum);
        if (!sum.equals(expected)) {
            throw new DamagedException("%s has checksum %s, expected %s".formatted(name, sum, expected), null);
        }
    }

    /// Removes all but the newest `keep`, the best, and leftovers of writes that were cut short.
    void prune(int keep, @Nullable Long best) {
        List<Long> steps = steps();
        try {
            for (long step : steps.subList(0, Math.max(0, steps.size() - keep))) {
                if (best == null || best != step) {
                    Durable.delete(folder(step));
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
