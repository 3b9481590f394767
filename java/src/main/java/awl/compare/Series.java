package awl.compare;

import awl.report.ReportData;
import awl.track.MetricLine;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// One measurement over the steps of a run.
record Series(List<Double> x, List<Double> y) {

    /// Lines without it are left out.
    static Series of(List<MetricLine> lines, String tag) {
        List<Double> x = new ArrayList<>();
        List<Double> y = new ArrayList<>();
        for (MetricLine line : lines) {
            Double value = line.values().get(tag);
            if (value != null) {
                x.add((double) line.step());
                y.add(value);
            }
        }
        return new Series(x, y);
    }

    /// At most so many points, each the mean of its neighbourhood.
    Series thinned(int points) {
        if (x.size() <= points) {
            return this;
        }
        List<Double> fewX = new ArrayList<>();
        List<Double> fewY = new ArrayList<>();
        for (int i = 0; i < points; i++) {
            int from = (int) ((long) i * x.size() / points);
            int to = (int) ((long) (i + 1) * x.size() / points);
            fewX.add(x.get(to - 1));
            fewY.add(sum(y.subList(from, to)) / (to - from));
        }
        return new Series(fewX, fewY);
    }

    ReportData.Curve curve(String name) {
        return new ReportData.Curve(name, x, y);
    }

    static double last(List<Double> values) {
        return values.isEmpty() ? Double.NaN : values.getLast();
    }

    static double least(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).min().orElse(Double.NaN);
    }

    static double most(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).max().orElse(Double.NaN);
    }

    static double sum(List<Double> values) {
        return values.stream().mapToDouble(Double::doubleValue).sum();
    }

    static double median(List<Double> values) {
        return values.isEmpty() ? Double.NaN : values.stream().sorted().toList().get(values.size() / 2);
    }

    /// A dash where there is none.
    static String number(double value, int decimals) {
        return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%,." + decimals + "f", value);
    }

    /// `57.5 [50.1, 64.9]`, from a share with its interval in `results.json`.
    static String share(@Nullable Object estimate) {
        if (!(estimate instanceof Map<?, ?> map) || !(map.get("value") instanceof Number value)) {
            return "-";
        }
        String text = number(100 * value.doubleValue(), 1);
        return map.get("low") instanceof Number low && map.get("high") instanceof Number high
                ? "%s [%s, %s]".formatted(text, number(100 * low.doubleValue(), 1), number(100 * high.doubleValue(), 1))
                : text;
    }
}
