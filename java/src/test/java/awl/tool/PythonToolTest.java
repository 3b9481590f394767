package awl.tool;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// Programs that behave and programs that do not.
final class PythonToolTest {

    /// For programs that end; generous, since the machine may be busy.
    private static final PythonTool PYTHON = new PythonTool("python3", Duration.ofSeconds(60));

    @BeforeAll
    static void thereIsAPython() throws IOException, InterruptedException {
        boolean found;
        try {
            found = new ProcessBuilder("python3", "--version").start().waitFor(30, TimeUnit.SECONDS);
        } catch (IOException e) {
            found = false;
        }
        assumeThat(found).as("python3 is on the path").isTrue();
    }

    private static ToolResult run(PythonTool tool, String code) {
        return tool.call(Map.of("code", code));
    }

    @Test
    void whatIsPrintedIsTheAnswer() {
        assertThat(run(PYTHON, "print(6 * 7)").text()).isEqualTo("42");
        assertThat(run(PYTHON, "x = 1").text()).isEqualTo("(nothing was printed)");
    }

    @Test
    void aFaultIsToldWithItsTraceback() {
        ToolResult result = run(PYTHON, "print('before')\n1 / 0");
        assertThat(result.isAnswered()).isFalse();
        assertThat(result.text()).startsWith("error: exit code 1").contains("before", "ZeroDivisionError");
        assertThat(run(PYTHON, "import os; os._exit(9)").text()).contains("exit code 9");
        assertThat(run(PYTHON, "def f(:").text()).contains("SyntaxError");
    }

    @Test
    void aProgramThatHangsIsKilledWithItsChildren() {
        PythonTool hasty = new PythonTool("python3", Duration.ofSeconds(3));
        ToolResult result = run(hasty, """
                import subprocess, time
                child = subprocess.Popen(["sleep", "987654"])
                print("started", flush=True)
                time.sleep(1000)
                """);
        assertThat(result).isInstanceOfSatisfying(ToolResult.Failed.class, failed -> {
            assertThat(failed.cause()).isEqualTo(ToolResult.Cause.TIME);
            assertThat(failed.text()).contains("not finished within 3.0 s");
        });
        assertThat(ProcessHandle.allProcesses()
                        .filter(ProcessHandle::isAlive)
                        .filter(each -> each.info().arguments().stream()
                                .anyMatch(
                                        arguments -> String.join(" ", arguments).equals("987654"))))
                .isEmpty();
    }

    @Test
    void outputWithoutEndAndBytesThatAreNoTextAreEndured() {
        assertThat(run(PYTHON, "while True: print('x' * 1000)").text()).contains("more than 16 KiB");
        assertThat(run(PYTHON, "import sys; sys.stdout.buffer.write(b'ok \\xff\\xfe')")
                        .text())
                .startsWith("ok \uFFFD");
        assertThat(run(PYTHON, "print('\\u00e9\\u4e2d')").text()).isEqualTo("é中");
    }

    @Test
    void memoryAndFilesAreLimited() {
        assertThat(run(PYTHON, "x = bytearray(3 << 30)\nprint(len(x))").text()).contains("MemoryError");
        assertThat(run(PYTHON, "f = open('big', 'wb')\nfor i in range(100): f.write(bytes(1 << 20))\nprint('done')")
                        .isAnswered())
                .isFalse();
    }

    @Test
    void theEnvironmentIsCleanAndTheFolderFresh() {
        String names = run(PYTHON, "import os; print(sorted(os.environ)); print(os.listdir('.'))")
                .text();
        assertThat(names).doesNotContain("AWL_", "JAVA_HOME", "MAVEN").contains("['main.py']");
    }

    @Test
    void networkIsBlockedWhereThatIsSaid() {
        assumeThat(PYTHON.enforced()).anyMatch(each -> each.startsWith("no network"));
        String code = """
                import socket
                s = socket.socket(); s.settimeout(2)
                try:
                    s.connect(("192.0.2.1", 80)); print("connected")
                except OSError as e:
                    print(e.strerror)
                """;
        assertThat(run(PYTHON, code).text()).contains("unreachable");
    }

    @Test
    void anInterpreterThatIsNotThereIsAFailureInWords() {
        ToolResult result = run(new PythonTool("no-such-python", Duration.ofSeconds(60)), "print(1)");
        assertThat(result.isAnswered()).isFalse();
        assertThat(result.text()).startsWith("error: exit code 12").contains("no-such-python");
    }
}
