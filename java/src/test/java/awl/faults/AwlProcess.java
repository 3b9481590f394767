package awl.faults;

import awl.Shared;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The command line as a process of its own, so that it can be killed, stopped and starved.
final class AwlProcess implements AutoCloseable {

    private final Process process;
    private final Path said;

    private AwlProcess(Process process, Path said) {
        this.process = process;
        this.said = said;
    }

    /// @param log gets what it says; a later process goes on in it
    static AwlProcess start(Path log, List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(java(Shared.home()));
        command.addAll(arguments);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        return new AwlProcess(builder.start(), log);
    }

    /// How this test's own classes are run as `awl`.
    static List<String> java(Path home) {
        return List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dorg.bytedeco.javacpp.maxPhysicalBytes=0",
                "-Dai.djl.offline=true",
                "-Dawl.home=" + home,
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty("java.class.path"),
                "awl.cli.Main");
    }

    static int run(Path log, List<String> arguments) throws IOException, InterruptedException {
        try (AwlProcess process = start(log, arguments)) {
            return process.end();
        }
    }

    int end() throws InterruptedException {
        return process.waitFor();
    }

    /// Whether it came to its end by itself within that time.
    boolean endsWithin(long millis) throws InterruptedException {
        return process.waitFor(millis, TimeUnit.MILLISECONDS);
    }

    /// A process of `awl launch`, by its rank; null where it has not been started yet or is gone.
    @Nullable
    ProcessHandle rank(int rank) {
        String variable = "\0RANK=" + rank + "\0";
        return process.children()
                .filter(child -> environment(child).contains(variable))
                .findFirst()
                .orElse(null);
    }

    private static String environment(ProcessHandle child) {
        try {
            return "\0"
                    + Files.readString(Path.of("/proc/%d/environ".formatted(child.pid())), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // just gone
        }
    }

    /// kill -9.
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /// @param signal `STOP`, `CONT`, ...
    void signal(String signal) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-" + signal, Long.toString(process.pid()))
                .inheritIO()
                .start()
                .waitFor();
    }

    String said() throws IOException {
        return Files.readString(said);
    }

    @Override
    public void close() throws InterruptedException {
        kill();
    }
}
