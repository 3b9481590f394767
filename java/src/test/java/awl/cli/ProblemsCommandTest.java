package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `awl problems` at the command line.
final class ProblemsCommandTest {

    @TempDir
    Path folder;

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    @Test
    void whatIsGeneratedPassesTheCheckAndTestQuestionsAreUnseen() throws IOException {
        assertThat(Main.execute(
                        "problems",
                        "generate",
                        "--set",
                        "mechanics,climate",
                        "--count",
                        "30",
                        "--output",
                        path("train")))
                .isZero();
        assertThat(Main.execute(
                        "problems",
                        "generate",
                        "--set",
                        "mechanics",
                        "--count",
                        "20",
                        "--split",
                        "test",
                        "--output",
                        path("test")))
                .isZero();
        assertThat(Files.readAllLines(folder.resolve("train"))).hasSize(60);
        assertThat(Main.execute("problems", "check", path("train"), "--test", path("test")))
                .isZero();
        assertThat(Main.execute("problems", "inspect", path("train"))).isZero();
        assertThat(Main.execute("problems", "check", path("train"), "--test", path("train")))
                .isEqualTo(2);
    }

    @Test
    void aTamperedAnswerIsFound() throws IOException {
        Main.execute(
                "problems",
                "generate",
                "--set",
                "mechanics",
                "--kinds",
                "distance",
                "--count",
                "8",
                "--output",
                path("train"));
        List<String> lines = Files.readAllLines(folder.resolve("train"));
        String tampered = String.join("\n", lines).replaceFirst("\"answer\":(\\d+)\\.0", "\"answer\":7$1.0");
        assertThat(tampered).isNotEqualTo(String.join("\n", lines));
        Files.writeString(folder.resolve("bad"), tampered);
        assertThat(Main.execute("problems", "check", path("bad"))).isEqualTo(2);
    }

    @Test
    void mistakesOfTheUserAreExitCodeTwo() {
        assertThat(Main.execute("problems")).isEqualTo(2);
        assertThat(Main.execute("problems", "check")).isEqualTo(2);
        assertThat(Main.execute("problems", "generate", "--set", "mechanic", "--count", "1", "--output", path("x")))
                .isEqualTo(2);
        assertThat(Main.execute("problems", "generate", "--count", "0", "--output", path("x")))
                .isEqualTo(2);
        assertThat(Main.execute("problems", "generate", "--count", "1", "--split", "tset", "--output", path("x")))
                .isEqualTo(2);
        assertThat(Main.execute("problems", "inspect", path("none"))).isEqualTo(2);
        assertThat(folder.resolve("x")).doesNotExist();
    }
}
