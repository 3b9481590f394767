package awl.bench;

import awl.model.OutputFolder;
import java.nio.file.Path;

/// Writes a [BenchReport] as `bench.md`, `bench.json` and `bench.html` into a folder that is there whole or not
/// at all.
public final class BenchFolder {

    private BenchFolder() {}

    /// @param overwrite whether a folder of files may be replaced
    public static void write(BenchReport report, Path folder, boolean overwrite) {
        OutputFolder.write(folder, overwrite, beside -> {
            OutputFolder.writeText(beside.resolve("bench.md"), BenchMarkdown.of(report));
            OutputFolder.writeText(beside.resolve("bench.json"), BenchJson.of(report));
            OutputFolder.writeText(
                    beside.resolve("bench.html"), BenchPage.of(report).toString());
        });
    }

    /// The Markdown, for the terminal.
    public static String markdown(BenchReport report) {
        return BenchMarkdown.of(report);
    }
}
