package awl.grade;

import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A number with what follows it: `3.2e-5 m/s`, `1,234`, `\frac{3}{4}`, `2\sqrt{3}\text{ cm}`, `45\%`.
///
/// @param unit text behind the number; empty where there is none
record Measure(double value, String unit) {

    private static final Pattern NUMBER = Pattern.compile(
            "([-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?)(\\s*\\*\\s*10\\s*\\^\\s*\\(?\\s*([-+]?\\d+)\\s*\\)?)?");
    private static final Pattern POWER_OF_TEN = Pattern.compile("([-+]?)10\\s*\\^\\s*\\(?\\s*([-+]?\\d+)\\s*\\)?");
    private static final Pattern MIXED =
            Pattern.compile("([-+]?\\d+)\\s+(?:\\(\\((\\d+)\\)/\\((\\d+)\\)\\)|(\\d+)/(\\d+))(.*)");
    private static final Pattern FRACTION =
            Pattern.compile("([-+]?)(?:\\(\\(([-+]?\\d+)\\)/\\(([-+]?\\d+)\\)\\)|(\\d+)\\s*/\\s*(\\d+))(.*)");
    private static final Pattern LEAD = Pattern.compile(
            "^(?:(?:is|=|:|about|approximately|approx\\.?|roughly|nearly|around|exactly|equal to|equals|~)\\s*)+",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern NAME = Pattern.compile("^[A-Za-z][A-Za-z_0-9() ]{0,20}(?:=|:)\\s*");

    /// The measure that a text begins with; null where it begins with none.
    static @Nullable Measure read(String text) {
        String plain = Latex.plain(text, true);
        for (int i = 0; i < 2; i++) {
            plain = LEAD.matcher(plain).replaceFirst("");
            plain = NAME.matcher(plain).replaceFirst("").strip();
        }
        Matcher mixed = MIXED.matcher(plain);
        if (mixed.matches()) {
            double whole = Double.parseDouble(mixed.group(1));
            double part = Double.parseDouble(mixed.group(2) != null ? mixed.group(2) : mixed.group(4))
                    / Double.parseDouble(mixed.group(3) != null ? mixed.group(3) : mixed.group(5));
            double sign = mixed.group(1).startsWith("-") ? -1 : 1;
            return new Measure(whole + sign * part, mixed.group(6).strip());
        }
        Measure formula = formula(plain);
        if (formula != null) {
            return formula;
        }
        Matcher fraction = FRACTION.matcher(plain);
        if (fraction.matches()) {
            double above = Double.parseDouble(fraction.group(2) != null ? fraction.group(2) : fraction.group(4));
            double below = Double.parseDouble(fraction.group(3) != null ? fraction.group(3) : fraction.group(5));
            return new Measure(
                    ("-".equals(fraction.group(1)) ? -1 : 1) * above / below,
                    fraction.group(6).strip());
        }
        Matcher ten = POWER_OF_TEN.matcher(plain);
        if (ten.lookingAt()) {
            double value = Double.parseDouble("1e" + ten.group(2));
            return new Measure(
                    "-".equals(ten.group(1)) ? -value : value,
                    plain.substring(ten.end()).strip());
        }
        Matcher number = NUMBER.matcher(plain);
        if (!number.lookingAt()) {
            return null;
        }
        double value = Double.parseDouble(number.group(1));
        if (number.group(3) != null) {
            value *= Double.parseDouble("1e" + number.group(3));
        }
        return new Measure(value, plain.substring(number.end()).strip());
    }

    /// The longest beginning that is a formula without variables, where it holds more than a plain number.
    private static @Nullable Measure formula(String plain) {
        if (!plain.matches("(?s).*(sqrt|pi|root|\\^|/|\\*|log|ln|sin|cos|tan|!).*")) {
            return null;
        }
        int[] ends = {plain.length(), plain.lastIndexOf(' ')};
        for (int end : ends) {
            if (end > 0) {
                String rest = plain.substring(end).strip();
                Formula.Parsed parsed = Formula.parse(plain.substring(0, end));
                // "42!" at the end of a sentence is no factorial.
                boolean exclaims = plain.matches("\\d+!");
                if (parsed != null && parsed.variables().isEmpty() && !exclaims) {
                    double value = parsed.node().at(Map.of());
                    if (Double.isFinite(value) && !plain.substring(0, end).matches(".*[%°]\\s*")) {
                        return new Measure(value, rest);
                    }
                }
            }
        }
        return null;
    }

    /// Where numbers begin in a text, for replies without a marked answer.
    static @Nullable Measure last(String text) {
        String plain = Latex.plain(text, true);
        Matcher number =
                Pattern.compile("(?<![\\w.])[-+]?(?:\\d+(?:\\.\\d+)?|\\.\\d+)").matcher(plain);
        int from = -1;
        while (number.find()) {
            from = number.start();
        }
        if (from < 0) {
            return null;
        }
        // 1.5 * 10^3 and 3/4 begin earlier than their last number.
        Matcher whole = Pattern.compile(
                        "[-+]?\\d+(?:\\.\\d+)?\\s*\\*\\s*10\\s*\\^\\s*\\(?\\s*[-+]?\\d+|\\d+\\s*/\\s*\\d+")
                .matcher(plain);
        while (whole.find()) {
            if (whole.start() <= from && whole.end() > from) {
                from = whole.start();
            }
        }
        return read(plain.substring(from));
    }
}
