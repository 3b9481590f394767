package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class BenchCommandTest {

    @TempDir
    Path folder;

    private static int run(ByteArrayOutputStream said, String... line) {
        PrintStream before = System.err;
        System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            return Main.execute(line);
        } finally {
            System.setErr(before);
        }
    }

    @Test
    void whatCannotBeMeasuredIsTheUsersMistakeAndLeavesNothing() {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        Path out = folder.resolve("out");
        assertThat(run(said, "bench", "--kernels", "hed", "--output", out.toString()))
                .isEqualTo(2);
        assertThat(run(said, "bench", "--active", "50", "--output", out.toString()))
                .isEqualTo(2);
        assertThat(run(said, "bench", "--dtype", "fp16", "--output", out.toString()))
                .isEqualTo(2);
        assertThat(run(said, "bench", "--rows", "9999999", "--preset", "gemma-2-2b", "--output", out.toString()))
                .isEqualTo(2);
        assertThat(said.toString(StandardCharsets.UTF_8))
                .contains("did you mean head?", "--active: expected shares", "found 'fp16'", "needs ", " is free: ");
        assertThat(out).doesNotExist();
    }

    @Test
    void aFolderThatIsThereIsNotTouchedBeforeItIsMeasuredFor() throws Exception {
        Path mine = Files.writeString(folder.resolve("mine.txt"), "mine");
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        assertThat(run(said, "bench", "--output", folder.toString())).isEqualTo(2);
        assertThat(said.toString(StandardCharsets.UTF_8)).contains("--overwrite");
        assertThat(mine).hasContent("mine");
    }
}
