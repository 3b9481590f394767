package awl.track;

import awl.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// One line of `metrics.jsonl` or `validation.jsonl` as named numbers.
///
/// @param values by name, `train/loss`; only finite ones
public record MetricLine(long step, Map<String, Double> values) {

    /// What a training step's names begin with.
    public static final String TRAIN = "train/";

    /// What a measurement on held-out rows is called.
    public static final String VALIDATION = "validation/";

    /// The step is where the line stands, and the validation loss has a line of its own.
    private static final Set<String> NOT_MEASURED = Set.of("step", "validation_loss");

    /// @param prefix [#TRAIN] or [#VALIDATION]
    /// @param line with a `step`
    public static MetricLine of(String prefix, Map<String, ? extends @Nullable Object> line) {
        Map<String, Double> values = new LinkedHashMap<>();
        line.forEach((key, value) -> {
            if (value instanceof Number number
                    && !NOT_MEASURED.contains(key)
                    && Double.isFinite(number.doubleValue())) {
                values.put(prefix + key, number.doubleValue());
            }
        });
        return new MetricLine(line.get("step") instanceof Number step ? step.longValue() : 0, values);
    }

    /// All whole lines of a file; empty where there is none. The last line of a killed run may be cut short.
    public static List<MetricLine> read(Path file, String prefix) throws IOException {
        if (!Files.exists(file)) {
            return List.of();
        }
        List<MetricLine> lines = new ArrayList<>();
        String text = new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        for (String line : text.substring(0, text.lastIndexOf('\n') + 1).split("\n")) {
            if (!line.isBlank()) {
                lines.add(of(prefix, Json.object(line, file.toString())));
            }
        }
        return lines;
    }
}
