package awl.pipeline;

import awl.Json;
import awl.report.ReportData;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Reads what stages left, for the report.
final class Metrics {

    private Metrics() {}

    /// Every line of a JSON lines file.
    static List<Map<String, @Nullable Object>> rows(Path file) {
        try {
            List<Map<String, @Nullable Object>> rows = new ArrayList<>();
            for (String line : Files.readAllLines(file)) {
                rows.add(Json.object(line, file.toString()));
            }
            return rows;
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read " + file, e);
        }
    }

    /// A metric of a run over its steps, neighbouring steps together; empty where no step has it.
    ///
    /// @param name of the curve
    /// @param points of the curve, at most
    static ReportData.Curve curve(String name, Path file, String metric, int points) {
        List<Map<String, @Nullable Object>> rows = rows(file).stream()
                .filter(row -> row.get(metric) instanceof Number)
                .toList();
        int width = Math.max(1, (rows.size() + points - 1) / points);
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (int from = 0; from < rows.size(); from += width) {
            List<Map<String, @Nullable Object>> some = rows.subList(from, Math.min(rows.size(), from + width));
            x.add(some.stream()
                    .mapToDouble(row -> number(row, "step"))
                    .average()
                    .orElseThrow());
            y.add(some.stream()
                    .mapToDouble(row -> number(row, metric))
                    .average()
                    .orElseThrow());
        }
        return new ReportData.Curve(name, x, y);
    }

    private static double number(Map<String, @Nullable Object> row, String key) {
        return row.get(key) instanceof Number value ? value.doubleValue() : Double.NaN;
    }
}
