package awl.fuzz;

import awl.AwlException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// What the fuzz tests share: bytes as a file, and the rule that a stranger's file ends in one of our errors or not at
/// all. Anything else that is thrown (index out of bounds, stack overflow, out of memory) is a finding.
final class Hostile {

    private static final Path FOLDER = folder();

    private Hostile() {}

    @FunctionalInterface
    interface Reading {
        void run() throws IOException;
    }

    static void read(Reading reading) {
        try {
            reading.run();
        } catch (AwlException _) {
            // Refused with a reason, as it should be.
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The bytes as a file of that name, replaced by the next ones.
    static Path file(byte[] bytes, String name) {
        try {
            return Files.write(FOLDER.resolve(name), bytes);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder() {
        try {
            Path folder = Files.createTempDirectory("awl-fuzz");
            folder.toFile().deleteOnExit();
            return folder;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
