package awl.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Values to places on paper, and the round values that are written beside.
///
/// @param least value at `from`
/// @param most value at `to`
/// @param log whether equal factors are equally far apart
record Axis(double least, double most, double from, double to, boolean log) {

    /// From zero to a round number.
    static Axis fromZero(double most, double from, double to) {
        double step = step(most > 0 ? most : 1);
        return new Axis(0, Math.max(1, Math.ceil(most / step - 1e-9)) * step, from, to, false);
    }

    /// From a power of ten to a power of ten.
    static Axis powers(double least, double most, double from, double to) {
        return new Axis(
                Math.pow(10, Math.floor(Math.log10(least))), Math.pow(10, Math.ceil(Math.log10(most))), from, to, true);
    }

    double place(double value) {
        double share = log
                ? Math.log(Math.max(value, least) / least) / Math.log(most / least)
                : (value - least) / (most - least);
        return from + share * (to - from);
    }

    List<Double> ticks() {
        List<Double> ticks = new ArrayList<>();
        if (log) {
            for (double tick = least; tick < most * 1.01; tick *= 10) {
                ticks.add(tick);
            }
            return ticks;
        }
        double step = step(most - least);
        for (int i = 0; least + i * step <= most + 1e-9 * step; i++) {
            ticks.add(least + i * step);
        }
        return ticks;
    }

    /// A round distance that gives three to six lines.
    ///
    /// @param most positive
    static double step(double most) {
        if (!(most > 0) || Double.isInfinite(most)) {
            throw new IllegalArgumentException("an axis of length " + most);
        }
        double power = Math.pow(10, Math.floor(Math.log10(most)));
        double leading = most / power;
        return power * (leading <= 1.0001 ? 0.25 : leading <= 2.0001 ? 0.5 : leading <= 5 ? 1 : 2);
    }

    /// A tick as text: as few digits as it needs.
    static String label(double value) {
        if (value == Math.rint(value)) {
            return String.format(Locale.ROOT, "%,.0f", value);
        }
        String text = String.format(Locale.ROOT, "%.4f", value);
        return text.replaceFirst("0+$", "");
    }
}
