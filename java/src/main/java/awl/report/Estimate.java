package awl.report;

import java.util.Locale;

/// A figure with its 95 % interval.
///
/// @param value NaN where undefined
/// @param low end of the interval; NaN where none was computed
/// @param high the other end
public record Estimate(double value, double low, double high) {

    /// What has no value: an empty class, a prompt that was not tried.
    public static final Estimate UNDEFINED = new Estimate(Double.NaN, Double.NaN, Double.NaN);

    public boolean defined() {
        return !Double.isNaN(value);
    }

    public boolean hasInterval() {
        return defined() && !Double.isNaN(low) && !Double.isNaN(high);
    }

    /// A share in percent, one decimal; `undefined` where it is.
    public String percent() {
        return defined() ? hundred(value) : "undefined";
    }

    /// Its interval in percent, `[91.9, 95.6]`; empty where there is none.
    public String interval() {
        return hasInterval() ? "[" + hundred(low) + ", " + hundred(high) + "]" : "";
    }

    /// `94.0 [91.9, 95.6]`.
    @Override
    public String toString() {
        return (percent() + " " + interval()).strip();
    }

    private static String hundred(double share) {
        String text = String.format(Locale.ROOT, "%.1f", 100 * share);
        return text.equals("-0.0") ? "0.0" : text.equals("100.0") ? "100" : text;
    }
}
