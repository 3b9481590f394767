package awl.tool;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Locale;

/// Numbers as people and models read them.
public final class Numbers {

    private Numbers() {}

    /// Four significant digits without needless zeros: `48.39`, `0.5`, `1234`, `3.2e-05`.
    public static String significant(double value) {
        double size = Math.abs(value);
        if (size < 1e-12) {
            return "0";
        }
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros();
        return size >= 1e-4 && size < 1e9 ? rounded.toPlainString() : String.format(Locale.ROOT, "%.3e", value);
    }

    /// A number of a question: `22` for 22.0, else as short as it reads back.
    public static Number plain(double value) {
        return value == Math.rint(value) && Math.abs(value) < 1e15 ? (Number) (long) value : (Number) value;
    }
}
