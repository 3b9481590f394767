package awl.train;

import awl.data.RowRenderer;
import awl.kernel.KernelSelection;
import awl.tensor.Threads;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Supplier;

/// Whole runs in this process, as `awl train` makes them.
final class Runs {

    private Runs() {}

    /// @param said what the user would have read
    record Ended(int exitCode, String said) {}

    static final Supplier<RowRenderer> NO_TEXT = () -> {
        throw new AssertionError("rows of ids need no tokenizer");
    };

    /// By the reference kernels.
    ///
    /// @param yaml contents of run.yaml
    static Ended run(Path folder, String yaml, boolean resume, String... overrides) throws IOException {
        return run(KernelSelection.Wanted.REFERENCE, folder, yaml, resume, NO_TEXT, overrides);
    }

    /// @param kernels what computes
    /// @param renderer for rows with text
    static Ended run(
            KernelSelection.Wanted kernels,
            Path folder,
            String yaml,
            boolean resume,
            Supplier<RowRenderer> renderer,
            String... overrides)
            throws IOException {
        Threads.set(1);
        Path file = Files.writeString(Files.createDirectories(folder).resolve("run.yaml"), yaml);
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        Progress progress = new Progress(new PrintStream(said, true, StandardCharsets.UTF_8), false);
        int exit = new TrainingRun(
                        ConfigFile.read(file, List.of(overrides)),
                        resume,
                        kernels,
                        renderer,
                        progress,
                        new StopSignal())
                .run();
        return new Ended(exit, said.toString(StandardCharsets.UTF_8));
    }

    /// One other bit in a file.
    ///
    /// @param at which byte, counted from the end where negative
    static void flip(Path file, int at) throws IOException {
        byte[] bytes = Files.readAllBytes(file);
        bytes[at < 0 ? bytes.length + at : at] ^= 1;
        Files.write(file, bytes);
    }
}
