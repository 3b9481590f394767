package awl.pipeline;

import awl.report.Estimate;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/// Tool-usage accuracy: the mean of the share of easy questions answered without a tool and of hard ones answered with
/// one. Always, never or random use scores one half; where a class is empty it is undefined.
///
/// @param value NaN where undefined
/// @param low end of the bootstrap 95 % interval
/// @param high the other end
record ToolUse(double value, double low, double high, Proportion usedOnEasy, Proportion usedOnHard) {

    private static final int RESAMPLES = 1000;

    /// @param easy whether each question is easy
    /// @param used whether the tool was used there
    static ToolUse of(List<Boolean> easy, List<Boolean> used) {
        int n = easy.size();
        int[] all = new int[n];
        for (int i = 0; i < n; i++) {
            all[i] = i;
        }
        double value = accuracy(easy, used, all);
        Random random = new Random(7);
        double[] resampled = new double[RESAMPLES];
        for (int r = 0; r < RESAMPLES; r++) {
            int[] picked = new int[n];
            for (int i = 0; i < n; i++) {
                picked[i] = random.nextInt(n);
            }
            resampled[r] = accuracy(easy, used, picked);
        }
        double[] defined = java.util.Arrays.stream(resampled)
                .filter(each -> !Double.isNaN(each))
                .sorted()
                .toArray();
        boolean none = Double.isNaN(value) || defined.length == 0;
        return new ToolUse(
                value,
                none ? Double.NaN : defined[(int) (0.025 * defined.length)],
                none ? Double.NaN : defined[(int) (0.975 * defined.length)],
                rate(easy, used, true),
                rate(easy, used, false));
    }

    Estimate estimate() {
        return new Estimate(value, low, high);
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
