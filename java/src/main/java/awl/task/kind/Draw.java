package awl.task.kind;

import awl.data.SplitMix;
import awl.tool.Numbers;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Draws the parameters of one question. Numbers are rounded first and used as they are written, so that
/// the text says everything.
public final class Draw {

    private final SplitMix random;
    private final Map<String, @Nullable Object> drawn = new LinkedHashMap<>();

    Draw(SplitMix random) {
        this.random = random;
    }

    /// A whole number in `[least, most]`.
    public Draw whole(String name, int least, int most) {
        drawn.put(name, (long) (least + random.below(most - least + 1)));
        return this;
    }

    /// A multiple of `step` in `[least, most]`.
    public Draw multiple(String name, int step, int least, int most) {
        drawn.put(name, (long) step * (least / step + random.below(most / step - least / step + 1)));
        return this;
    }

    /// A number in `[least, most]` with so many decimals.
    public Draw decimal(String name, double least, double most, int decimals) {
        return put(name, rounded(least + (most - least) * unit(), decimals));
    }

    /// One of several numbers.
    public Draw among(String name, double... values) {
        return put(name, values[random.below(values.length)]);
    }

    /// One of several words.
    public Draw word(String name, String... words) {
        drawn.put(name, words[random.below(words.length)]);
        return this;
    }

    /// A value that follows from those drawn before.
    public Draw put(String name, double value) {
        drawn.put(name, Numbers.plain(value));
        return this;
    }

    /// A whole number in `[least, most]` that is no parameter itself.
    public int index(int least, int most) {
        return least + random.below(most - least + 1);
    }

    /// What was drawn under a name.
    public double at(String name) {
        return new Values(drawn).at(name);
    }

    public Values values() {
        return new Values(drawn);
    }

    /// A number in `[0, 1)`.
    double unit() {
        return (random.next() >>> 11) * 0x1p-53;
    }

    /// A value with so many decimals.
    public static double rounded(double value, int decimals) {
        return new BigDecimal(value).setScale(decimals, RoundingMode.HALF_EVEN).doubleValue();
    }
}
