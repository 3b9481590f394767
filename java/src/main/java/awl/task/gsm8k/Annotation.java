package awl.task.gsm8k;

import awl.DataException;
import awl.tool.Arithmetic;
import org.jspecify.annotations.Nullable;

/// One `<<48/2=24>>` of a solution.
///
/// @param expression what the calculator is asked
/// @param result what it answers: the value as written, without `$` and thousands commas
/// @param problem why it cannot be used; null where the calculator agrees
record Annotation(
        String expression, String result, @Nullable String problem) {

    /// @param inside the text between `<<` and `>>`
    static Annotation read(String inside) {
        int equals = inside.lastIndexOf('=');
        if (equals < 0) {
            return new Annotation(inside.strip(), "", "no '='");
        }
        String expression = inside.substring(0, equals).strip();
        String result = inside.substring(equals + 1).strip().replaceAll("[$,]", "");
        if (expression.isEmpty() || result.isEmpty()) {
            return new Annotation(expression, result, expression.isEmpty() ? "no expression" : "no value");
        }
        try {
            double value = Arithmetic.value(expression);
            double written = Arithmetic.value(result);
            boolean same = Math.abs(value - written) <= tolerance(result, value);
            return new Annotation(expression, result, same ? null : "the calculator says " + value + ", not " + result);
        } catch (DataException e) {
            return new Annotation(expression, result, String.valueOf(e.getMessage()));
        }
    }

    /// Values are written rounded or cut off: one unit of the last digit that is written.
    private static double tolerance(String result, double value) {
        int point = result.indexOf('.');
        int decimals = 0;
        for (int i = point + 1; point >= 0 && i < result.length() && Character.isDigit(result.charAt(i)); i++) {
            decimals++;
        }
        double unit = Math.pow(10, -decimals) * (result.endsWith("%") ? 0.01 : 1);
        // A whole number stands for itself: 7/2=3 is an error and no rounding.
        boolean whole = point < 0 && result.chars().allMatch(c -> c == '-' || Character.isDigit(c));
        return whole ? 1e-6 * Math.max(1, Math.abs(value)) : unit * (1 + 1e-9);
    }
}
