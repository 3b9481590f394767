package awl;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/// A Python that has the real tools, named by `AWL_TRACKERS_PYTHON`; a test that needs it is skipped, with the reason,
/// where there is none.
public final class TrackerPython {

    private TrackerPython() {}

    /// Runs a script of the test resources.
    ///
    /// @param module that it needs
    /// @return the object that it prints
    public static Map<String, @Nullable Object> run(String module, String script, String input, String... arguments)
            throws IOException, InterruptedException {
        String python = System.getenv("AWL_TRACKERS_PYTHON");
        Assumptions.assumeTrue(
                python != null,
                "no Python with %s (name one in AWL_TRACKERS_PYTHON; pip install tensorboard prometheus-client safetensors)"
                        .formatted(module));
        List<String> command = new ArrayList<>(
                List.of(String.valueOf(python), Shared.resource(script).toString()));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (var out = process.getOutputStream()) {
            out.write(input.getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return Json.object(said.lines().toList().getLast(), script);
    }
}
