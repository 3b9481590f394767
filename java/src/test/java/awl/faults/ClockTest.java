package awl.faults;

import static org.assertj.core.api.Assertions.assertThat;

import awl.Shared;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// A clock that is set forward or back changes no duration: the time of day is read only where a moment is written
/// down.
final class ClockTest {

    private static final Pattern TIME_OF_DAY =
            Pattern.compile("currentTimeMillis|Instant\\.now|Date\\(\\)|DateTime\\.now|Clock\\.system");

    /// Where a moment is written down or named.
    private static final Set<String> MOMENTS = Set.of(
            "bench/Bench.java", // when it was measured
            "serve/Answering.java", // `created` of answers and models
            "serve/ModelServer.java",
            "serve/ServedNames.java",
            "token/jinja/RenderOptions.java",
            "token/jinja/Strftime.java",
            "track/Event.java", // wall_time of TensorBoard
            "track/MlflowTracker.java", // timestamps of MLflow
            "track/TensorBoard.java", // name of a file
            "train/Environment.java"); // environment.json: started

    @Test
    void durationsComeFromAClockThatOnlyGoesOn() throws IOException {
        Path root = Shared.home().resolve("java/src/main/java/awl");
        Set<String> reading = new TreeSet<>();
        try (Stream<Path> files = Files.walk(root)) {
            for (Path file :
                    files.filter(each -> each.toString().endsWith(".java")).toList()) {
                if (TIME_OF_DAY.matcher(Files.readString(file)).find()) {
                    reading.add(root.relativize(file).toString());
                }
            }
        }
        assertThat(MOMENTS).containsAll(reading);
    }
}
