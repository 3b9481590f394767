package awl.model;

import awl.ConfigException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/// A folder of results that is there whole or not at all: written beside its place, flushed to the disk, then renamed.
public final class OutputFolder {

    private OutputFolder() {}

    /// Fails where `target` cannot become a folder of results, before any work is done for it.
    ///
    /// @param overwrite whether a folder of files may be replaced
    /// @throws ConfigException where there is something that must not be replaced
    public static void check(Path target, boolean overwrite) {
        if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(target, LinkOption.NOFOLLOW_LINKS)) {
            throw new ConfigException(target + ": is there already and is no folder; name another output");
        }
        List<Path> content = list(target);
        if (content.isEmpty()) {
            return;
        }
        if (!overwrite) {
            throw new ConfigException(
                    target + ": is there already and is not empty; name another output or say --overwrite");
        }
        for (Path each : content) {
            if (!Files.isRegularFile(each, LinkOption.NOFOLLOW_LINKS)) {
                throw new ConfigException(
                        "%s: --overwrite replaces a folder of files, but '%s' is none; remove the folder yourself"
                                .formatted(target, each.getFileName()));
            }
        }
    }

    /// Makes the folder.
    ///
    /// @param write fills the folder it is given
    public static void write(Path target, boolean overwrite, Consumer<Path> write) {
        check(target, overwrite);
        Path place = target.toAbsolutePath().normalize();
        Path parent = place.getParent();
        if (parent == null) {
            throw new ConfigException(target + ": is the root of the file system; name a folder");
        }
        Path beside = null;
        try {
            Files.createDirectories(parent);
            beside = Files.createTempDirectory(parent, "." + place.getFileName() + ".writing-");
            makeReadable(parent, beside);
            write.accept(beside);
            sync(beside);
            replace(place, beside);
            sync(parent);
        } catch (IOException e) {
            throw new ConfigException(target + ": cannot be written: " + e, e);
        } finally {
            if (beside != null) {
                deleteFiles(beside);
            }
        }
    }

    /// A temporary folder is the owner's alone; what comes out is as open as the folder it stands in.
    private static void makeReadable(Path parent, Path beside) throws IOException {
        if (Files.getFileStore(beside).supportsFileAttributeView("posix")) {
            Files.setPosixFilePermissions(beside, Files.getPosixFilePermissions(parent));
        }
    }

    private static void replace(Path place, Path beside) throws IOException {
        if (!Files.exists(place, LinkOption.NOFOLLOW_LINKS)) {
            Files.move(beside, place);
            return;
        }
        Path old = Files.createTempDirectory(place.getParent(), "." + place.getFileName() + ".old-");
        Files.delete(old);
        Files.move(place, old);
        try {
            Files.move(beside, place);
        } catch (IOException e) {
            Files.move(old, place);
            throw e;
        }
        deleteFiles(old);
    }

    /// Deletes a folder of files, and what is not a plain file not.
    private static void deleteFiles(Path folder) {
        try {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                return;
            }
            for (Path file : list(folder)) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(folder + ": cannot be removed", e);
        }
    }

    private static List<Path> list(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        } catch (IOException e) {
            throw new ConfigException(folder + ": cannot be read: " + e, e);
        }
    }

    /// Writes a small file and waits until it is on the disk.
    public static void writeText(Path file, String text) {
        writeBytes(file, text.getBytes(StandardCharsets.UTF_8));
    }

    static void writeBytes(Path file, byte[] bytes) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW)) {
            ByteBuffer left = ByteBuffer.wrap(bytes);
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be written: " + e, e);
        }
    }

    private static void sync(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
