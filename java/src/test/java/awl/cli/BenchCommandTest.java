package awl.cli;

import static org.assertj.core.api.Assertions.assertThat;

import awl.bench.WrongHead;
import awl.kernel.TorchKernels;
import awl.tensor.Threads;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

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
    void whatIsInexactIsReportedAndEndsWithOne() {
        int threads = Threads.count();
        PrintStream before = System.err;
        try {
            for (boolean wrong : new boolean[] {false, true}) {
                Path out = folder.resolve("wrong-" + wrong);
                BenchCommand command = new BenchCommand();
                CommandLine line = new CommandLine(command);
                StringWriter printed = new StringWriter();
                line.setOut(new PrintWriter(printed));
                line.parseArgs(("--device cpu --rows 70 --hidden 12 --vocab 331 --active 0.5 --threads 1 --rounds 2"
                                + " --output " + out)
                        .split(" "));
                ByteArrayOutputStream said = new ByteArrayOutputStream();
                System.setErr(new PrintStream(said, true, StandardCharsets.UTF_8));
                int code = command.measure(command.plan(), wrong ? new WrongHead() : new TorchKernels(), "test");
                assertThat(code).isEqualTo(wrong ? 1 : 0);
                assertThat(printed.toString().contains("**!**")).isEqualTo(wrong);
                assertThat(out.resolve("bench.json")).exists();
                List<String> lines = said.toString(StandardCharsets.UTF_8)
                        .lines()
                        .filter(each -> each.contains("further from float64 than allowed"))
                        .toList();
                assertThat(lines).hasSize(wrong ? 1 : 0);
                assertThat(String.join("", lines).contains("head, 50 % active, fp32 {dH="))
                        .isEqualTo(wrong);
            }
        } finally {
            System.setErr(before);
            Threads.set(threads);
        }
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
