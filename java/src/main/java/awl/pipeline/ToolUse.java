package awl.pipeline;

import awl.report.Estimate;
import awl.report.ReportData;
import java.util.List;
import java.util.Locale;

/// Tool-usage accuracy: the mean of the share of easy questions answered without a tool and of hard ones answered with
/// one. Always, never or random use scores one half; where a class is empty it is undefined.
///
/// @param value NaN where undefined
/// @param low end of the bootstrap 95 % interval
/// @param high the other end
record ToolUse(double value, double low, double high, Proportion usedOnEasy, Proportion usedOnHard) {

    private static final int RESAMPLES = 1000;
    private static final long SEED = 7;

    /// @param easy whether each question is easy
    /// @param used whether the tool was used there
    static ToolUse of(List<Boolean> easy, List<Boolean> used) {
        Estimate found = Bootstrap.estimate(easy.size(), RESAMPLES, SEED, picked -> accuracy(easy, used, picked));
        return new ToolUse(found.value(), found.low(), found.high(), rate(easy, used, true), rate(easy, used, false));
    }

    Estimate estimate() {
        return new Estimate(value, low, high);
    }

    /// How often the tool was used on easy and on hard questions.
    List<ReportData.Bin> bins() {
        return List.of(
                new ReportData.Bin("easy", true, usedOnEasy.count(), usedOnEasy.estimate()),
                new ReportData.Bin("hard", false, usedOnHard.count(), usedOnHard.estimate()));
    }

    private static Proportion rate(List<Boolean> easy, List<Boolean> used, boolean which) {
        int hits = 0;
        int count = 0;
        for (int i = 0; i < easy.size(); i++) {
            if (easy.get(i) == which) {
                count++;
                hits += used.get(i) ? 1 : 0;
            }
        }
        return new Proportion(hits, count);
    }

    /// Tool-usage accuracy on some of the questions.
    static double accuracy(List<Boolean> easy, List<Boolean> used, int[] picked) {
        int[] count = new int[2];
        int[] good = new int[2];
        for (int i : picked) {
            int hard = easy.get(i) ? 0 : 1;
            count[hard]++;
            good[hard] += used.get(i) == (hard == 1) ? 1 : 0;
        }
        return 0.5 * good[0] / count[0] + 0.5 * good[1] / count[1]; // 0/0 = NaN: undefined
    }

    @Override
    public String toString() {
        return Double.isNaN(value)
                ? "undefined"
                : String.format(Locale.ROOT, "%.1f [%.1f, %.1f]", 100 * value, 100 * low, 100 * high);
    }
}
