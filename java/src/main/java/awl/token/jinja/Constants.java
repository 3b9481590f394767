package awl.token.jinja;

import java.util.Set;

/// Which expressions the reference computes before rendering: those that read no name and call no function.
final class Constants {
    /// Filters that need the rendering and so are never computed beforehand.
    private static final Set<String> LATE = Set.of("map", "select", "reject", "selectattr", "rejectattr", "random");

    private Constants() {}

    static boolean isConstant(Expr expression) {
        return switch (expression) {
            case Expr.Const _, Expr.Absent _ -> true;
            case Expr.Name _, Expr.NamespaceTarget _, Expr.Call _ -> false;
            case Expr.Conditional choice -> !(choice.otherwise() instanceof Expr.Absent) && hasConstantParts(choice);
            case Expr.Filter filter -> !LATE.contains(filter.name()) && hasConstantParts(filter);
            default -> hasConstantParts(expression);
        };
    }

    /// A constant without filters and tests, which the reference computes even where escaping is decided
    /// late.
    static boolean isPlainConstant(Expr expression) {
        boolean applied = expression instanceof Expr.Filter || expression instanceof Expr.Test;
        return !applied
                && isConstant(expression)
                && expression.children().stream().allMatch(Constants::isPlainConstant);
    }

    private static boolean hasConstantParts(Expr expression) {
        return expression.children().stream().allMatch(Constants::isConstant);
    }
}
