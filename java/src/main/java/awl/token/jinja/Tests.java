package awl.token.jinja;

import java.util.HashMap;
import java.util.Map;

/// The tests behind `is`.
final class Tests {
    static final Map<String, Builtin> TABLE = new HashMap<>();

    private Tests() {}

    /// A question about one value.
    @FunctionalInterface
    private interface Question {
        boolean test(Object value);
    }

    private static void ask(String name, Question question) {
        TABLE.put(name, Builtin.of(name, "value", (_, a) -> question.test(a[0])));
    }

    private static void compare(String operator, String... names) {
        for (String name : names) {
            TABLE.put(name, Builtin.of(name, "a, b, /", (r, a) -> ordered(r, operator, a[0], a[1])));
        }
    }

    static {
        ask("defined", value -> !(value instanceof Undefined));
        ask("undefined", value -> value instanceof Undefined);
        ask("none", value -> value == None.NONE);
        ask("boolean", value -> value instanceof Boolean);
        ask("true", value -> value.equals(true));
        ask("false", value -> value.equals(false));
        ask("integer", value -> Numbers.isInteger(value) && !(value instanceof Boolean));
        ask("float", value -> value instanceof Double);
        ask("number", Numbers::isNumber);
        ask("string", Values::isString);
        ask("mapping", value -> value instanceof Dict);
        ask("sequence", Tests::isSequence);
        ask("iterable", value -> Iterators.iterable(value) || value instanceof LoopContext);
        ask("callable", value -> value instanceof Callable || value instanceof Undefined);
        ask("escaped", value -> value instanceof Markup);
        TABLE.put("odd", Builtin.of("odd", "value", (r, a) -> remainder(r, a[0], 2L, 1L)));
        TABLE.put("even", Builtin.of("even", "value", (r, a) -> remainder(r, a[0], 2L, 0L)));
        TABLE.put("divisibleby", Builtin.of("divisibleby", "value, num", (r, a) -> remainder(r, a[0], a[1], 0L)));
        TABLE.put("lower", Builtin.of("lower", "value", (r, a) -> Letters.isLower(Repr.str(r, a[0]))));
        TABLE.put("upper", Builtin.of("upper", "value", (r, a) -> Letters.isUpper(Repr.str(r, a[0]))));
        TABLE.put("sameas", Builtin.of("sameas", "value, other", (r, a) -> same(a[0], a[1])));
        TABLE.put("in", Builtin.of("in", "value, seq", (r, a) -> Values.contains(r, a[1], a[0])));
        TABLE.put("filter", Builtin.of("filter", "value", (_, a) -> known(Filters.TABLE, a[0])));
        TABLE.put("test", Builtin.of("test", "value", (_, a) -> known(TABLE, a[0])));
        compare("==", "==", "eq", "equalto");
        compare("!=", "!=", "ne");
        compare(">", ">", "gt", "greaterthan");
        compare(">=", ">=", "ge");
        compare("<", "<", "lt", "lessthan");
        compare("<=", "<=", "le");
    }

    private static boolean isSequence(Object value) {
        return Iterators.iterable(value) && !(value instanceof OneShot) && !(value instanceof Dict.View);
    }

    private static boolean remainder(Render render, Object value, Object divisor, Object wanted) {
        return Values.equal(render, Operators.modulo(render, value, divisor), wanted);
    }

    /// Identity as Python's `is` sees it: small integers, short strings and constants are one object each.
    private static boolean same(Object a, Object b) {
        if (a == b) {
            return true;
        }
        boolean scalar = a instanceof Boolean || a instanceof Long || a instanceof String || a instanceof Double;
        return scalar && a.equals(b);
    }

    private static boolean known(Map<String, Builtin> table, Object name) {
        Dict.hashable(name);
        return Values.isString(name) && table.containsKey(Values.string(name));
    }

    /// One of the six comparisons by its sign.
    static boolean ordered(Render render, String operator, Object a, Object b) {
        if (operator.equals("==")) {
            return Values.equal(render, a, b);
        }
        if (operator.equals("!=")) {
            return !Values.equal(render, a, b);
        }
        if (a instanceof Dict.View x && b instanceof Dict.View y && x.isSet() && y.isSet()) {
            return Values.orderedSets(render, operator, x, y);
        }
        int order = Values.compare(render, a, b, operator);
        if (Numbers.isNaN(a) || Numbers.isNaN(b)) {
            return false;
        }
        return switch (operator) {
            case "<" -> order < 0;
            case "<=" -> order <= 0;
            case ">" -> order > 0;
            default -> order >= 0;
        };
    }
}
