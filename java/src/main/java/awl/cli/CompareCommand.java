package awl.cli;

import awl.ConfigException;
import awl.compare.RunComparison;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `awl compare`: runs side by side.
@Command(
        name = "compare",
        mixinStandardHelpOptions = true,
        description = {
            "Compare runs of awl train and awl run by what is in their folders: losses, speed, memory, evaluation, and where",
            "their configurations differ. Runs trained on other rows are flagged."
        })
final class CompareCommand implements Callable<Integer> {

    @Parameters(paramLabel = "RUN", arity = "1..*", description = "Run folders.")
    List<Path> runs = List.of();

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Write it to FILE.md, or to FILE.html with curves. May be repeated.")
    List<Path> outputs = List.of();

    @Override
    public Integer call() {
        for (Path output : outputs) {
            if (!output.toString().matches(".*\\.(md|html)")) {
                throw new ConfigException("--output %s: expected a name that ends in .md or .html".formatted(output));
            }
        }
        RunComparison comparison = RunComparison.of(runs);
        System.out.print(comparison.text());
        for (Path output : outputs) {
            if (output.toString().endsWith(".html")) {
                comparison.page().write(output.toAbsolutePath());
            } else {
                write(output.toAbsolutePath(), comparison.markdown());
            }
            System.err.println("written: " + output);
        }
        return 0;
    }

    private static void write(Path file, String text) {
        try {
            Path beside = file.resolveSibling("." + file.getFileName() + ".part");
            Files.writeString(beside, text);
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be written: " + e, e);
        }
    }
}
