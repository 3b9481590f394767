package awl.track;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Event files that TensorBoard reads, in the folder `tensorboard` of a run: scalars step by step, configuration and
/// environment as text.
///
/// A run that goes on writes a further file. What the files before it have of steps that come again is cut off, and a
/// reader that saw it already is told to forget it.
public final class TensorBoard implements Tracker {

    private static final Pattern NAME = Pattern.compile("events\\.out\\.tfevents\\.(\\d{1,18})\\..*");

    private final Path folder;
    private final RunFacts facts;
    private @Nullable RecordFile file;

    /// @param folder for the event files
    public TensorBoard(Path folder, RunFacts facts) {
        this.folder = folder;
        this.facts = facts;
    }

    /// Where the event files of a run lie.
    public static Path folder(Path run) {
        return run.resolve("tensorboard");
    }

    @Override
    public void begin(long done) {
        try {
            Files.createDirectories(folder);
            long latest = 0;
            for (Path each : files()) {
                if (RecordFile.keepWhile(each, event -> done > 0 && Event.step(event) <= done) == 0) {
                    Files.delete(each);
                } else {
                    latest = Math.max(latest, seconds(each));
                }
            }
            // Readers take files in the order of names: a later one must not come first because a clock was set back.
            long now = Math.max(System.currentTimeMillis() / 1000, latest + 1);
            file = RecordFile.create(folder.resolve("events.out.tfevents.%010d.%s.%d"
                    .formatted(now, host(), ProcessHandle.current().pid())));
            append(Event.version());
            long first = Math.max(0, done);
            if (done > 0) {
                append(Event.start(done + 1));
            }
            append(Event.markdown(first, "config", "```yaml\n" + facts.config() + "```\n"));
            append(Event.markdown(first, "environment", table(facts.environment())));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + folder + ": " + e.getMessage(), e);
        }
    }

    private List<Path> files() throws IOException {
        try (Stream<Path> paths = Files.list(folder)) {
            return paths.filter(path -> seconds(path) > 0).sorted().toList();
        }
    }

    private static long seconds(Path file) {
        Matcher name = NAME.matcher(String.valueOf(file.getFileName()));
        return name.matches() ? Long.parseLong(name.group(1)) : 0;
    }

    private static String host() {
        try {
            return InetAddress.getLocalHost().getHostName().replaceAll("[^A-Za-z0-9-]", "-");
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    private static String table(Map<String, String> values) {
        StringBuilder table = new StringBuilder("| | |\n|---|---|\n");
        values.forEach((key, value) -> table.append(
                "| %s | %s |\n".formatted(key, value.replace("|", "\\|").replace("\n", " "))));
        return table.toString();
    }

    @Override
    public void record(long step, Map<String, Double> values) {
        try {
            append(Event.scalars(step, values));
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + folder + ": " + e.getMessage(), e);
        }
    }

    private void append(byte[] event) throws IOException {
        java.util.Objects.requireNonNull(file, "begin comes first").append(event);
    }

    @Override
    public void flush() {
        try {
            if (file != null) {
                file.force();
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + folder + ": " + e.getMessage(), e);
        }
    }

    @Override
    public void end(End how) {
        flush();
        try {
            if (file != null) {
                file.close();
                file = null;
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + folder + ": " + e.getMessage(), e);
        }
    }
}
