package awl.tool;

import awl.DataException;
import awl.chat.ToolSpec;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A pocket calculator: one [Arithmetic] expression, answered with twelve significant digits.
public final class Calculator implements Tool {

    /// What models are told.
    public static final ToolSpec SPEC = ToolSpec.of(
            "calculator",
            "Computes an arithmetic expression.",
            new Parameters().text("expression", "for example 48/2").required().schema());

    private static final int LONGEST = 2000;

    @Override
    public ToolSpec spec() {
        return SPEC;
    }

    @Override
    public ToolResult call(Map<String, @Nullable Object> arguments) {
        String expression = Arguments.text(arguments, "expression", "");
        if (expression.length() > LONGEST) {
            return ToolResult.refused("the expression is longer than " + LONGEST + " characters");
        }
        try {
            return ToolResult.answered(written(Arithmetic.value(expression)));
        } catch (DataException e) {
            return ToolResult.refused(String.valueOf(e.getMessage()));
        }
    }

    /// `24` for 24.0, `0.333333333333` for a third; powers of ten only where plain digits would run away.
    static String written(double value) {
        BigDecimal rounded = new BigDecimal(value).round(new MathContext(12)).stripTrailingZeros();
        boolean plain = rounded.precision() - rounded.scale() <= 15 && rounded.scale() <= 15;
        return plain ? rounded.toPlainString() : rounded.toString();
    }
}
