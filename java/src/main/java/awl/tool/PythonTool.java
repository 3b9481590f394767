package awl.tool;

import awl.chat.ToolSpec;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Runs a model's Python in a process of its own.
///
/// Always: a wall-clock limit after which the whole process group is killed, a limit on output (the process
/// is killed beyond it), an empty environment, a fresh folder that is deleted, isolated mode (`-I`: no user
/// packages). Through `ulimit`: memory, CPU time, size of a file, number of processes (which the kernel
/// does not hold root to). Where the system allows user namespaces (`unshare`): no network, and processes
/// that left the group die too. [#enforced] says what holds here. It is no sandbox against a determined
/// attacker: files of the user can be read.
public final class PythonTool implements Tool {

    private static final int OUTPUT_BYTES = 16 << 10;
    private static final int SHOWN = 4000;
    private static final int MEMORY_MIB = 1024;
    private static final int FILE_MIB = 16;
    private static final int PROCESSES = 64;
    private static final Duration TIME = Duration.ofSeconds(8);

    private static final ToolSpec SPEC = ToolSpec.of(
            "python",
            "Runs Python 3 code and returns what it prints. No network; %d s.".formatted(TIME.toSeconds()),
            new Parameters()
                    .text("code", "the program; print the result")
                    .required()
                    .schema());

    /// How a process is started, found out once.
    private enum Isolation {
        /// Own network and process namespaces.
        NAMESPACES(List.of("setsid", "unshare", "-r", "-n", "-p", "--fork", "--kill-child=KILL")),
        /// An own process group only.
        GROUP(List.of("setsid")),
        NONE(List.of());

        private final List<String> prefix;

        Isolation(List<String> prefix) {
            this.prefix = prefix;
        }

        static Isolation here() {
            for (Isolation each : values()) {
                List<String> command = new ArrayList<>(each.prefix);
                command.add("true");
                try {
                    Process process = new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
                    if (process.waitFor(5, TimeUnit.SECONDS) && process.exitValue() == 0) {
                        return each;
                    }
                } catch (IOException e) {
                    continue; // the command is not there: the next weaker way
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                    return NONE;
                }
            }
            return NONE;
        }
    }

    private final String python;
    private final Duration limit;
    private final Isolation isolation = Isolation.here();

    public PythonTool() {
        this("python3", TIME);
    }

    /// @param python the interpreter
    /// @param limit of wall-clock time
    public PythonTool(String python, Duration limit) {
        this.python = python;
        this.limit = limit;
    }

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    /// Code may look at the clock or draw random numbers.
    @Override
    public boolean repeatable() {
        return false;
    }

    /// What is enforced on this machine, a sentence each.
    public List<String> enforced() {
        List<String> all = new ArrayList<>(List.of(
                "wall-clock time: " + limit.toSeconds() + " s",
                "output: " + (OUTPUT_BYTES >> 10) + " KiB",
                "memory: " + MEMORY_MIB + " MiB of address space; CPU time; files of at most " + FILE_MIB + " MiB",
                "processes: " + PROCESSES + " (not where this runs as root)",
                "clean environment, fresh folder"));
        all.add(
                switch (isolation) {
                    case NAMESPACES -> "no network; all its processes end with it (namespaces)";
                    case GROUP -> "its process group is killed; network is NOT blocked: no user namespaces here";
                    case NONE -> "only its known descendants are killed; network is NOT blocked: no setsid here";
                });
        return all;
    }

    @Override
    public ToolResult call(Map<String, @Nullable Object> arguments) {
        String code = Arguments.text(arguments, "code", "");
        Path folder;
        try {
            folder = Files.createTempDirectory("awl-python-");
        } catch (IOException e) {
            return ToolResult.failed(ToolResult.Cause.TOOL, "no temporary folder: " + e.getMessage());
        }
        try {
            return run(code, folder);
        } catch (IOException e) {
            return ToolResult.failed(ToolResult.Cause.TOOL, "cannot run " + python + ": " + e.getMessage());
        } finally {
            delete(folder);
        }
    }

    private ToolResult run(String code, Path folder) throws IOException {
        Path script = Files.writeString(folder.resolve("main.py"), code);
        List<String> command = new ArrayList<>(isolation.prefix);
        long cpu = limit.toSeconds() + 1;
        command.addAll(List.of(
                "sh",
                "-c",
                "ulimit -v %d; ulimit -t %d; ulimit -f %d; (ulimit -u 1) 2>/dev/null && ulimit -u %d || ulimit -p %d;"
                                .formatted(MEMORY_MIB << 10, cpu, FILE_MIB << 11, PROCESSES, PROCESSES)
                        + " exec \"$0\" -I -B -X utf8 \"$1\"",
                python,
                script.toString()));
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true);
        String path = builder.environment().getOrDefault("PATH", "/usr/bin:/bin");
        builder.environment().clear();
        builder.environment()
                .putAll(Map.of(
                        "PATH",
                        path,
                        "HOME",
                        folder.toString(),
                        "TMPDIR",
                        folder.toString(),
                        "LANG",
                        "C.UTF-8",
                        "OMP_NUM_THREADS",
                        "1",
                        "OPENBLAS_NUM_THREADS",
                        "1"));
        Process process = builder.start();
        try (OutputStream none = process.getOutputStream()) {
            none.flush();
        }
        Output output = new Output(process.getInputStream());
        Thread reader = Thread.ofVirtual().start(output);
        boolean inTime;
        try {
            inTime = output.ended(limit) && process.waitFor(1, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            inTime = false;
        } finally {
            kill(process);
            reader.interrupt();
        }
        String text = output.text();
        if (output.tooMuch) {
            return ToolResult.refused("more than %d KiB were printed; it began: %s"
                    .formatted(OUTPUT_BYTES >> 10, text.substring(0, Math.min(200, text.length()))));
        }
        if (!inTime) {
            return ToolResult.failed(
                    ToolResult.Cause.TIME,
                    "not finished within %s s%s"
                            .formatted(limit.toMillis() / 1000.0, text.isEmpty() ? "" : "; printed: " + end(text)));
        }
        if (process.exitValue() != 0) {
            return ToolResult.refused("exit code " + process.exitValue() + (text.isEmpty() ? "" : "\n" + end(text)));
        }
        return ToolResult.answered(text.isEmpty() ? "(nothing was printed)" : end(text));
    }

    /// The end of the output, where the result or the error stands.
    private static String end(String text) {
        return text.length() <= SHOWN ? text : "..." + text.substring(text.length() - SHOWN);
    }

    private void kill(Process process) {
        List<ProcessHandle> all = Stream.concat(process.descendants(), Stream.of(process.toHandle()))
                .toList();
        if (isolation != Isolation.NONE) {
            try {
                // setsid made the process the leader of its group.
                new ProcessBuilder("kill", "-KILL", "--", "-" + process.pid())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start()
                        .waitFor(2, TimeUnit.SECONDS);
            } catch (IOException e) {
                all.forEach(ProcessHandle::destroyForcibly); // no kill command
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        all.forEach(ProcessHandle::destroyForcibly);
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        } catch (IOException e) {
            folder.toFile().deleteOnExit();
        }
    }

    /// Reads what is printed, up to the limit.
    private static final class Output implements Runnable {
        private final InputStream in;
        private final java.io.ByteArrayOutputStream kept = new java.io.ByteArrayOutputStream();
        private final java.util.concurrent.CountDownLatch done = new java.util.concurrent.CountDownLatch(1);
        private volatile boolean tooMuch;

        Output(InputStream in) {
            this.in = in;
        }

        @Override
        public void run() {
            byte[] buffer = new byte[8192];
            try {
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    synchronized (kept) {
                        kept.write(buffer, 0, Math.min(n, OUTPUT_BYTES - kept.size()));
                        tooMuch = tooMuch || kept.size() == OUTPUT_BYTES;
                    }
                    if (tooMuch) {
                        return;
                    }
                }
            } catch (IOException e) {
                return; // the process was killed; what was read counts
            } finally {
                done.countDown();
            }
        }

        boolean ended(Duration limit) throws InterruptedException {
            return done.await(limit.toMillis(), TimeUnit.MILLISECONDS);
        }

        /// Bytes that are not UTF-8 become replacement characters.
        String text() {
            synchronized (kept) {
                return kept.toString(StandardCharsets.UTF_8).strip();
            }
        }
    }
}
