package awl.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import awl.Json;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// A headless Chromium that opens a report as a reader would. Tests that need it are skipped where there is none.
public final class Browser {

    private static final List<String> NAMES =
            List.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome");

    private final Path program;
    private final Path folder;

    private Browser(Path program, Path folder) {
        this.program = program;
        this.folder = folder;
    }

    /// Finds the browser: the file named by `AWL_BROWSER`, or a Chromium on the path; else the test is skipped.
    ///
    /// @param folder for what it writes
    public static Browser orSkip(Path folder) {
        Path program = find();
        assumeTrue(program != null, "no Chromium on the path and none named by AWL_BROWSER");
        return new Browser(Objects.requireNonNull(program), folder);
    }

    private static @Nullable Path find() {
        String named = System.getenv("AWL_BROWSER");
        if (named != null && !named.isEmpty()) {
            return Path.of(named);
        }
        return Stream.of(Objects.requireNonNullElse(System.getenv("PATH"), "").split(File.pathSeparator))
                .flatMap(at -> NAMES.stream().map(name -> Path.of(at, name)))
                .filter(Files::isExecutable)
                .findFirst()
                .orElse(null);
    }

    /// What a page is like at some width; see `measure.js` for the names.
    public List<Map<String, @Nullable Object>> measure(Path page, boolean dark, int... widths) throws Exception {
        String script;
        try (InputStream in = Browser.class.getResourceAsStream("/awl/report/measure.js")) {
            script = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        }
        Files.writeString(
                folder.resolve("copy.html"),
                Files.readString(page).replace("</body>", "<script>\n" + script + "</script></body>"));
        StringBuilder frames = new StringBuilder();
        for (int width : widths) {
            frames.append("<iframe src=\"copy.html\" style=\"border:0;width:%dpx;height:900px\"></iframe>\n"
                    .formatted(width));
        }
        Path around = folder.resolve("around.html");
        Files.writeString(around, """
                <!doctype html><meta charset="utf-8"><pre id="found"></pre>
                <script>
                addEventListener("message", (e) => { found.textContent += JSON.stringify(e.data) + "\\n"; });
                </script>
                %s""".formatted(frames));
        List<String> options = new ArrayList<>(List.of(
                "--window-size=1400,1000", "--virtual-time-budget=10000", "--enable-logging=stderr", "--dump-dom"));
        if (dark) {
            options.add("--blink-settings=preferredColorScheme=0");
        }
        String dom = run(options, around, 90);
        int from = dom.indexOf("<pre id=\"found\">") + "<pre id=\"found\">".length();
        String found = dom.substring(from, dom.indexOf("</pre>", from))
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&amp;", "&");
        List<Map<String, @Nullable Object>> measured = new ArrayList<>();
        found.lines().forEach(line -> measured.add(Json.object(line, "measure.js")));
        assertThat(measured).as("pages that told what they are like").hasSize(widths.length);
        return measured;
    }

    /// Prints a page on paper.
    ///
    /// @return the PDF
    public String print(Path page) throws Exception {
        Path pdf = folder.resolve("page.pdf");
        run(List.of("--no-pdf-header-footer", "--print-to-pdf=" + pdf), page, 90);
        return Files.readString(pdf, StandardCharsets.ISO_8859_1);
    }

    private String run(List<String> options, Path page, long seconds) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString(), "--headless=new", "--disable-gpu"));
        // Root has no sandbox there; the page is ours and has no network to go to.
        command.addAll(
                List.of("--no-sandbox", "--disable-dev-shm-usage", "--user-data-dir=" + folder.resolve("profile")));
        command.addAll(options);
        command.add(page.toUri().toString());
        Path out = folder.resolve("browser.out");
        Path log = folder.resolve("browser.log");
        Process process = new ProcessBuilder(command)
                .redirectOutput(out.toFile())
                .redirectError(log.toFile())
                .start();
        try {
            assertThat(process.waitFor(seconds, TimeUnit.SECONDS))
                    .as("%s ended within %d s", program, seconds)
                    .isTrue();
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).as(Files.readString(log)).isZero();
        assertThat(Files.readString(log)).as("messages of the page").doesNotContain("CONSOLE");
        return Files.readString(out);
    }
}
