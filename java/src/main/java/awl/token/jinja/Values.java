package awl.token.jinja;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;

/// What every value answers: its type's name, its truth, its length, whether it equals, precedes or contains
/// another.
///
/// Values are `String`, [Markup], `Boolean`, `Long`, `BigInteger`, `Double`, [None], `List`, [Tuple], [Dict],
/// [Range], and what the engine itself makes ([Undefined], [OneShot], [Namespace], [Callable]...). There is
/// no other kind.
final class Values {
    private Values() {}

    static String typeName(Object value) {
        return switch (value) {
            case String _ -> "str";
            case Markup _ -> "Markup";
            case Boolean _ -> "bool";
            case Long _, BigInteger _ -> "int";
            case Double _ -> "float";
            case None _ -> "NoneType";
            case List<?> _ -> "list";
            case Tuple _ -> "tuple";
            case Dict _ -> "dict";
            case Dict.View view -> view.kind().typeName;
            case Range _ -> "range";
            case OneShot once -> once.typeName();
            case Bytes _ -> "bytes";
            case Undefined _ -> "Undefined";
            case Namespace _ -> "Namespace";
            case Macro _ -> "Macro";
            case LoopContext _ -> "LoopContext";
            case Builtin _ -> "function";
            case Callable _ -> "builtin_function_or_method";
            default -> value.getClass().getSimpleName();
        };
    }

    static boolean isString(Object value) {
        return value instanceof String || value instanceof Markup;
    }

    /// The characters of a string value; a type fault for anything else.
    static String string(Object value) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined undefined -> throw undefined.fault();
            default -> throw Fault.type("expected a string, got '" + typeName(value) + "'");
        };
    }

    static boolean truth(Object value) {
        return switch (value) {
            case Boolean flag -> flag;
            case None _, Undefined _ -> false;
            case String text -> !text.isEmpty();
            case Markup markup -> !markup.text().isEmpty();
            case Long number -> number != 0;
            case Double number -> number != 0;
            case List<?> list -> !list.isEmpty();
            case Tuple tuple -> !tuple.items.isEmpty();
            case Dict dict -> dict.size() > 0;
            case Dict.View view -> view.dict().size() > 0;
            case Range range -> range.length() > 0;
            case Bytes bytes -> bytes.octets().length > 0;
            default -> true;
        };
    }

    static long length(Object value) {
        return switch (value) {
            case String text -> Text.length(text);
            case Markup markup -> Text.length(markup.text());
            case List<?> list -> list.size();
            case Tuple tuple -> tuple.items.size();
            case Dict dict -> dict.size();
            case Dict.View view -> view.dict().size();
            case Range range -> range.length();
            case Bytes bytes -> bytes.octets().length;
            case LoopContext loop -> loop.length();
            case Undefined _ -> 0;
            default -> throw Fault.type("object of type '" + typeName(value) + "' has no len()");
        };
    }

    static boolean equal(Render render, Object a, Object b) {
        if (a == b) {
            return !Numbers.isNaN(a);
        }
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return !Numbers.isNaN(a) && !Numbers.isNaN(b) && Numbers.compare(a, b) == 0;
        }
        if (isString(a) && isString(b)) {
            render.scan(string(a));
            return string(a).equals(string(b));
        }
        return switch (a) {
            case List<?> x -> b instanceof List<?> y && equalItems(render, x, y);
            case Tuple x -> b instanceof Tuple y && equalItems(render, x.items, y.items);
            case Dict x -> b instanceof Dict y && equalDicts(render, x, y);
            case Range x ->
                b instanceof Range y && equalItems(render, Iterators.toList(render, x), Iterators.toList(render, y));
            case Undefined _ -> b instanceof Undefined;
            case Dict.View x -> b instanceof Dict.View y && equalViews(render, x, y);
            default -> a.equals(b);
        };
    }

    private static boolean equalItems(Render render, List<?> a, List<?> b) {
        if (a.size() != b.size()) {
            return false;
        }
        Iterator<?> others = b.iterator();
        for (Object item : a) {
            render.charge(1);
            Object other = others.next();
            if (item != other && !equal(render, item, other)) {
                return false;
            }
        }
        return true;
    }

    private static boolean equalDicts(Render render, Dict a, Dict b) {
        if (a.size() != b.size()) {
            return false;
        }
        for (Dict.Entry entry : a.entries()) {
            render.charge(1);
            Object other = b.get(entry.key());
            if (other == Missing.MISSING || (entry.value() != other && !equal(render, entry.value(), other))) {
                return false;
            }
        }
        return true;
    }

    /// Keys and pairs compare as sets; views of values are equal only to themselves.
    private static boolean equalViews(Render render, Dict.View a, Dict.View b) {
        return a.isSet() && b.isSet() && a.dict().size() == b.dict().size() && isSubset(render, a, b);
    }

    private static boolean isSubset(Render render, Dict.View a, Dict.View b) {
        Iterator<Object> items = a.iterator();
        while (items.hasNext()) {
            if (!contains(render, b, items.next())) {
                return false;
            }
        }
        return true;
    }

    /// `<` and its kin on views as sets: proper or improper subsets.
    static boolean orderedSets(Render render, String operator, Dict.View a, Dict.View b) {
        boolean reversed = operator.startsWith(">");
        Dict.View small = reversed ? b : a;
        Dict.View large = reversed ? a : b;
        boolean fits = operator.endsWith("=")
                ? small.dict().size() <= large.dict().size()
                : small.dict().size() < large.dict().size();
        return fits && isSubset(render, small, large);
    }

    /// Order of two values as `<` and its kin see it; a type fault where Python has none.
    static int compare(Render render, Object a, Object b, String operator) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.compare(a, b);
        }
        if (isString(a) && isString(b)) {
            return Text.compare(string(a), string(b));
        }
        if (a instanceof List<?> x && b instanceof List<?> y) {
            return compareItems(render, x, y, operator);
        }
        if (a instanceof Tuple x && b instanceof Tuple y) {
            return compareItems(render, x.items, y.items, operator);
        }
        if (a instanceof Undefined undefined) {
            throw undefined.fault();
        }
        if (b instanceof Undefined undefined) {
            throw undefined.fault();
        }
        throw Fault.type("'" + operator + "' not supported between instances of '" + typeName(a) + "' and '"
                + typeName(b) + "'");
    }

    private static int compareItems(Render render, List<?> a, List<?> b, String operator) {
        int shared = Math.min(a.size(), b.size());
        for (int i = 0; i < shared; i++) {
            render.charge(1);
            Object x = a.get(i);
            Object y = b.get(i);
            if (x != y && !equal(render, x, y)) {
                return compare(render, x, y, operator);
            }
        }
        return Integer.compare(a.size(), b.size());
    }

    /// Python's `item in container`.
    static boolean contains(Render render, Object container, Object item) {
        return switch (container) {
            case String text -> {
                if (!isString(item)) {
                    throw Fault.type("'in <string>' requires string as left operand, not " + typeName(item));
                }
                render.scan(text);
                yield text.contains(string(item));
            }
            case Markup markup -> contains(render, markup.text(), item);
            case Dict dict -> dict.has(item);
            case Dict.View view
            when view.kind() == Dict.View.Kind.KEYS -> view.dict().has(item);
            case Range range
            when item instanceof Long || item instanceof Boolean -> range.contains(Numbers.index(item));
            default -> {
                if (!Iterators.iterable(container)) {
                    throw Fault.type("argument of type '" + typeName(container) + "' is not iterable");
                }
                Iterator<Object> items = Iterators.of(container);
                while (items.hasNext()) {
                    render.charge(1);
                    Object candidate = items.next();
                    if (candidate == item || equal(render, candidate, item)) {
                        yield true;
                    }
                }
                yield false;
            }
        };
    }
}
