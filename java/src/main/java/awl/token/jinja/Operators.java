package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;

/// The binary and unary operators on any two values: arithmetic, joining and repeating of sequences, `%` on
/// strings.
final class Operators {
    private Operators() {}

    static Object add(Render render, Object a, Object b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.add(a, b);
        }
        if (a instanceof String x && b instanceof String y) {
            return render.sized(x.concat(y));
        }
        if (Values.isString(a) && Values.isString(b)) {
            return new Markup(render.sized(
                    Markup.escape(render, a).text() + Markup.escape(render, b).text()));
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return joined(render, x, y);
        }
        if (a instanceof Tuple x && b instanceof Tuple y) {
            return new Tuple(joined(render, x.items, y.items));
        }
        if (a instanceof Bytes x && b instanceof Bytes y) {
            byte[] all = java.util.Arrays.copyOf(x.octets(), x.octets().length + y.octets().length);
            System.arraycopy(y.octets(), 0, all, x.octets().length, y.octets().length);
            render.charge(all.length);
            return new Bytes(all);
        }
        throw unsupported("+", a, b);
    }

    private static List<Object> joined(Render render, List<?> a, List<?> b) {
        render.checkSize((long) a.size() + b.size());
        render.charge(a.size() + b.size());
        List<Object> all = new ArrayList<>(a.size() + b.size());
        all.addAll(a);
        all.addAll(b);
        return all;
    }

    static Object subtract(Object a, Object b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.subtract(a, b);
        }
        throw unsupported("-", a, b);
    }

    static Object multiply(Render render, Object a, Object b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.multiply(render, a, b);
        }
        if (Numbers.isInteger(b) && isSequence(a)) {
            return repeat(render, a, b);
        }
        if (Numbers.isInteger(a) && isSequence(b)) {
            return repeat(render, b, a);
        }
        throw unsupported("*", a, b);
    }

    private static boolean isSequence(Object value) {
        return Values.isString(value) || value instanceof List<?> || value instanceof Tuple;
    }

    private static Object repeat(Render render, Object sequence, Object count) {
        long times = Math.max(0, Numbers.index(count));
        long unit = sequence instanceof String text ? text.length() : Values.length(sequence);
        if (unit == 0 || times == 0) {
            times = Math.min(times, 1);
        }
        if (unit > 0 && times > render.limits().valueSize() / unit) {
            throw Fault.limit(
                    "repeated value would be larger than " + render.limits().valueSize());
        }
        render.charge(unit * times);
        return switch (sequence) {
            case String text -> text.repeat((int) times);
            case Markup markup -> new Markup(markup.text().repeat((int) times));
            case Tuple tuple -> new Tuple(repeated(tuple.items, times));
            default -> repeated((List<?>) sequence, times);
        };
    }

    private static List<Object> repeated(List<?> items, long times) {
        List<Object> all = new ArrayList<>();
        for (long i = 0; i < times; i++) {
            all.addAll(items);
        }
        return all;
    }

    static Object divide(Object a, Object b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.divide(a, b);
        }
        throw unsupported("/", a, b);
    }

    static Object floorDivide(Object a, Object b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.floorDivide(a, b);
        }
        throw unsupported("//", a, b);
    }

    static Object modulo(Render render, Object a, Object b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.modulo(a, b);
        }
        if (a instanceof String format) {
            return PercentFormat.format(render, format, b, false);
        }
        if (a instanceof Markup format) {
            return new Markup(PercentFormat.format(render, format.text(), b, true));
        }
        throw unsupported("%", a, b);
    }

    static Object power(Render render, Object a, Object b) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.power(render, a, b);
        }
        throw unsupported("** or pow()", a, b);
    }

    static Object negate(Object value) {
        if (Numbers.isNumber(value)) {
            return Numbers.negate(value);
        }
        throw unsupported("-", value);
    }

    static Object plus(Object value) {
        if (Numbers.isNumber(value)) {
            return value instanceof Double ? value : Numbers.narrow(Numbers.big(value));
        }
        throw unsupported("+", value);
    }

    private static Fault unsupported(String operator, Object a, Object b) {
        if (a instanceof Undefined undefined) {
            return undefined.fault();
        }
        if (b instanceof Undefined undefined) {
            return undefined.fault();
        }
        if (operator.equals("+") && Values.isString(a)) {
            return Fault.type("can only concatenate str (not \"" + Values.typeName(b) + "\") to str");
        }
        return Fault.type("unsupported operand type(s) for " + operator + ": '" + Values.typeName(a) + "' and '"
                + Values.typeName(b) + "'");
    }

    private static Fault unsupported(String operator, Object value) {
        return value instanceof Undefined undefined
                ? undefined.fault()
                : Fault.type("bad operand type for unary " + operator + ": '" + Values.typeName(value) + "'");
    }
}
