package awl.token.jinja;

import java.util.List;

/// Operators over compiled operands.
final class OperatorCompiler {

    private OperatorCompiler() {}

    static Eval unary(String operator, Eval operand) {
        return switch (operator) {
            case "not" -> a -> !Values.truth(operand.eval(a));
            case "-" -> a -> Operators.negate(operand.eval(a));
            default -> a -> Operators.plus(operand.eval(a));
        };
    }

    static Eval binary(String operator, Eval left, Eval right) {
        return switch (operator) {
            case "and" ->
                a -> {
                    Object first = left.eval(a);
                    return Values.truth(first) ? right.eval(a) : first;
                };
            case "or" ->
                a -> {
                    Object first = left.eval(a);
                    return Values.truth(first) ? first : right.eval(a);
                };
            case "+" -> a -> Operators.add(a.render, left.eval(a), right.eval(a));
            case "-" -> a -> Operators.subtract(left.eval(a), right.eval(a));
            case "*" -> a -> Operators.multiply(a.render, left.eval(a), right.eval(a));
            case "/" -> a -> Operators.divide(left.eval(a), right.eval(a));
            case "//" -> a -> Operators.floorDivide(left.eval(a), right.eval(a));
            case "%" -> a -> Operators.modulo(a.render, left.eval(a), right.eval(a));
            default -> a -> Operators.power(a.render, left.eval(a), right.eval(a));
        };
    }

    /// @param markup whether the source says that values are escaped here
    static Eval concat(Eval[] items, boolean markup) {
        return a -> {
            Render render = a.render;
            List<Object> values = Eval.all(items, a);
            boolean escape = markup && values.stream().anyMatch(Markup.class::isInstance);
            StringBuilder out = new StringBuilder();
            for (Object value : values) {
                out.append(escape ? Markup.escape(render, value).text() : Repr.str(render, value));
            }
            String text = render.sized(out.toString());
            return escape ? new Markup(text) : text;
        };
    }

    /// A comparison of two values by one operator.
    @FunctionalInterface
    private interface Comparison {
        boolean test(Render render, Object a, Object b);
    }

    private static Comparison comparison(String operator) {
        return switch (operator) {
            case "==" -> Values::equal;
            case "!=" -> (r, x, y) -> !Values.equal(r, x, y);
            case "in" -> (r, x, y) -> Values.contains(r, y, x);
            case "not in" -> (r, x, y) -> !Values.contains(r, y, x);
            default -> (r, x, y) -> Tests.ordered(r, operator, x, y);
        };
    }

    /// A chain of comparisons; one more operand than operators.
    static Eval compare(List<String> operators, Eval[] operands) {
        Comparison[] comparisons =
                operators.stream().map(OperatorCompiler::comparison).toArray(Comparison[]::new);
        return a -> {
            Object left = operands[0].eval(a);
            for (int i = 0; i < comparisons.length; i++) {
                Object right = operands[i + 1].eval(a);
                if (!comparisons[i].test(a.render, left, right)) {
                    return false;
                }
                left = right;
            }
            return true;
        };
    }
}
