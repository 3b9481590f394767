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
import java.util.concurrent.CompletableFuture;
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
    private @Nullable CompletableFuture<Looked> ahead;

    /// @param folder `checkpoints` of the run
    CheckpointStore(Path folder) {
        this.folder = folder;
    }

    /// One that is whole; closed when it has been taken up.
    ///
    /// @param step its number
    /// @param tensors the file that was found to be whole, still open, or null where another rank has looked
    record Found(
            long step,
            Path folder,
            TrainingState state,
            @Nullable BlockReader tensors) implements AutoCloseable {
        @Override
        public void close() {
            if (tensors != null) {
                tensors.close();
            }
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
        Path target = folder.resolve(PREFIX + state.step());
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

    /// Begins to look for [#newest] on another thread, so that the caller loads its model meanwhile.
    void lookAhead() {
        try (StagingMemory first = new StagingMemory(1)) {
            // Two threads that load classes of the binding at the same time could wait for each other.
        }
        CompletableFuture<Looked> found = new CompletableFuture<>();
        ahead = found;
        Thread.ofPlatform().daemon().name("awl-checkpoint-look").start(() -> {
            try {
                found.complete(look());
            } catch (Throwable e) {
                found.completeExceptionally(e);
            }
        });
    }

    /// The newest checkpoint that is whole.
    ///
    /// @param notes told about every damaged one that was passed over
    Optional<Found> newest(Consumer<String> notes) {
        CompletableFuture<Looked> begun = ahead;
        ahead = null;
        Looked looked = begun == null ? look() : begun.join();
        looked.notes.forEach(notes);
        return Optional.ofNullable(looked.found);
    }

    private record Looked(@Nullable Found found, List<String> notes) {}

    private Looked look() {
        List<String> notes = new ArrayList<>();
        for (long step : steps().reversed()) {
            Path at = folder.resolve(PREFIX + step);
            try {
                return new Looked(whole(step, at), notes);
            } catch (IOException e) {
                String damage = e instanceof DamagedException ? String.valueOf(e.getMessage()) : e.toString();
                notes.add("checkpoint " + at + " is damaged (" + damage + "); using the one before it");
            }
        }
        return new Looked(null, notes);
    }

    private static final class DamagedException extends IOException {
        DamagedException(String what) {
            super(what);
        }
    }

    private static Found whole(long step, Path at) throws IOException {
        JsonNode manifest = JSON.readTree(Files.readAllBytes(at.resolve(MANIFEST)));
        requireSame(manifest, STATE, Files.size(at.resolve(STATE)), StateFile.checksum(at.resolve(STATE)));
        TrainingState state = JSON.readValue(Files.readAllBytes(at.resolve(STATE)), TrainingState.class);
        BlockReader tensors = new BlockReader(at.resolve(TENSORS));
        try {
            requireSame(manifest, TENSORS, tensors.size(), tensors.checksum());
            return new Found(step, at, state, tensors);
        } catch (IOException e) {
            tensors.close();
            throw e;
        }
    }

    private static void requireSame(JsonNode manifest, String name, long bytes, long checksum) throws IOException {
        JsonNode entry = manifest.path(name);
        if (bytes != entry.path("bytes").asLong(-1)) {
            throw new DamagedException("%s has %d bytes, expected %s".formatted(name, bytes, entry.path("bytes")));
        }
        String sum = "%08x".formatted(checksum);
        if (!sum.equals(entry.path("crc32c").asText())) {
            throw new DamagedException("%s has checksum %s, expected %s"
                    .formatted(name, sum, entry.path("crc32c").asText()));
        }
    }

    /// One that another rank has found to be whole.
    Found at(long step) {
        Path at = folder.resolve(PREFIX + step);
        try {
            return new Found(
                    step, at, JSON.readValue(Files.readAllBytes(at.resolve(STATE)), TrainingState.class), null);
        } catch (IOException e) {
            throw new CheckpointException(
                    "%s, which rank 0 goes on from, cannot be read here (%s); the run folder must be one that all ranks share"
                            .formatted(at, e),
                    e);
        }
    }

    /// Fills the tensors of a run from a checkpoint.
    void restore(Found checkpoint, List<StateSection> tensors) {
        try {
            if (checkpoint.tensors() != null) {
                StateFile.read(checkpoint.tensors(), tensors);
            } else {
                StateFile.read(checkpoint.folder().resolve(TENSORS), tensors);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read checkpoint " + checkpoint.folder(), e);
        }
    }

    /// Gives back what [#lookAhead] has found and nobody has asked for.
    void close() {
        if (ahead != null) {
            ahead.thenAccept(looked -> {
                if (looked.found != null) {
                    looked.found.close();
                }
            });
            ahead = null;
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
