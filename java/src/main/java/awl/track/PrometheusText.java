package awl.track;

import java.util.LinkedHashMap;
import java.util.Map;

/// Metrics in Prometheus's text format 0.0.4: families in the order they were first named, each with its help
/// and type.
///
/// @see <a href="https://prometheus.io/docs/instrumenting/exposition_formats/">Exposition formats</a>
public final class PrometheusText {

    /// What an endpoint answers with.
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final Map<String, StringBuilder> families = new LinkedHashMap<>();

    /// A number that goes up and down.
    public PrometheusText gauge(String name, String help, Map<String, String> labels, double value) {
        return sample(name, "gauge", help, name, labels, value);
    }

    /// A number that only grows; its name ends in `_total`.
    public PrometheusText counter(String name, String help, Map<String, String> labels, double value) {
        return sample(name, "counter", help, name, labels, value);
    }

    /// A histogram.
    ///
    /// @param bounds upper ends of buckets, ascending, without infinity
    /// @param counts of each bucket alone and, last, of what is beyond
    public PrometheusText histogram(
            String name, String help, Map<String, String> labels, double[] bounds, long[] counts, double sum) {
        long below = 0;
        for (int i = 0; i < counts.length; i++) {
            below += counts[i];
            Map<String, String> bucket = new LinkedHashMap<>(labels);
            bucket.put("le", i < bounds.length ? number(bounds[i]) : "+Inf");
            sample(name, "histogram", help, name + "_bucket", bucket, below);
        }
        sample(name, "histogram", help, name + "_sum", labels, sum);
        return sample(name, "histogram", help, name + "_count", labels, below);
    }

    private PrometheusText sample(
            String family, String type, String help, String name, Map<String, String> labels, double value) {
        require(family);
        StringBuilder text = families.computeIfAbsent(
                family,
                key -> new StringBuilder("# HELP %s %s\n# TYPE %s %s\n"
                        .formatted(family, help.replace("\\", "\\\\").replace("\n", "\\n"), family, type)));
        text.append(name);
        if (!labels.isEmpty()) {
            String between = "{";
            for (Map.Entry<String, String> label : labels.entrySet()) {
                require(label.getKey());
                String escaped = label.getValue()
                        .replace("\\", "\\\\")
                        .replace("\"", "\\\"")
                        .replace("\n", "\\n");
                text.append(between)
                        .append(label.getKey())
                        .append("=\"")
                        .append(escaped)
                        .append('"');
                between = ",";
            }
            text.append('}');
        }
        text.append(' ').append(number(value)).append('\n');
        return this;
    }

    private static void require(String name) {
        if (!name.matches("[a-zA-Z_][a-zA-Z0-9_]*")) {
            throw new IllegalArgumentException("no name of a metric or label: " + name);
        }
    }

    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "+Inf" : "-Inf";
        }
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    @Override
    public String toString() {
        return String.join("", families.values());
    }
}
