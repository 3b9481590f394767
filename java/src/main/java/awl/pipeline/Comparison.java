package awl.pipeline;

import awl.chat.ToolMode;
import awl.report.Estimate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Two models on the same questions: the difference in accuracy with the interval of the paired bootstrap, which draws
/// questions, not answers.
///
/// @param value accuracy of `one` minus that of `other`; NaN where they share no question
/// @param low end of the 95 % interval
/// @param high the other end
/// @param notBetter share of resamples in which `one` is not ahead
record Comparison(
        String one,
        String other,
        ToolMode mode,
        int questions,
        double value,
        double low,
        double high,
        double notBetter) {

    static Comparison of(Scores one, Scores other, ToolMode mode, int resamples, long seed) {
        Map<String, Boolean> right = new HashMap<>();
        other.under(mode).forEach(each -> right.put(each.id(), each.right()));
        List<Integer> gains = new ArrayList<>();
        for (Trajectory each : one.under(mode)) {
            Boolean there = right.get(each.id());
            if (there != null) {
                gains.add((each.right() ? 1 : 0) - (there ? 1 : 0));
            }
        }
        int n = gains.size();
        if (n == 0) {
            return new Comparison(one.name(), other.name(), mode, 0, Double.NaN, Double.NaN, Double.NaN, Double.NaN);
        }
        double[] means = Bootstrap.resampled(
                n,
                resamples,
                seed,
                picked -> (double) Arrays.stream(picked).map(gains::get).sum() / n);
        double notBetter =
                (double) Arrays.stream(means).filter(mean -> mean <= 0).count() / resamples;
        double value = gains.stream().mapToInt(Integer::intValue).average().orElse(Double.NaN);
        Estimate found = Bootstrap.interval(value, means);
        return new Comparison(one.name(), other.name(), mode, n, value, found.low(), found.high(), notBetter);
    }

    Map<String, @Nullable Object> json() {
        Map<String, @Nullable Object> json = new LinkedHashMap<>();
        json.put("model", one);
        json.put("against", other);
        json.put("prompt", Trajectory.label(mode));
        json.put("questions", questions);
        json.put("difference", Scores.number(value));
        json.put("low", Scores.number(low));
        json.put("high", Scores.number(high));
        json.put("not_better", Scores.number(notBetter));
        return json;
    }

    /// In points: `+12.3 [8.1, 16.4]`.
    @Override
    public String toString() {
        return Double.isNaN(value)
                ? "-"
                : String.format(Locale.ROOT, "%+.1f [%.1f, %.1f]", 100 * value, 100 * low, 100 * high);
    }
}
