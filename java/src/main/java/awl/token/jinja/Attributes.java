package awl.token.jinja;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// `value.name` and `value[key]` under the sandbox's rules. There is no reflection: a value has exactly the
/// attributes listed here, those that would change it or reach into the interpreter are known only to be
/// refused.
final class Attributes {
    private static final Set<String> LIST_MUTATORS =
            Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");
    private static final Set<String> DICT_MUTATORS = Set.of("clear", "pop", "popitem", "setdefault", "update");

    /// Attributes that every Python object, or every callable, has and the sandbox refuses.
    private static final Set<String> INTERNALS = Set.of(
            "__class__",
            "__delattr__",
            "__dict__",
            "__dir__",
            "__doc__",
            "__eq__",
            "__format__",
            "__ge__",
            "__getattribute__",
            "__getstate__",
            "__gt__",
            "__hash__",
            "__init__",
            "__init_subclass__",
            "__le__",
            "__lt__",
            "__ne__",
            "__new__",
            "__reduce__",
            "__reduce_ex__",
            "__repr__",
            "__setattr__",
            "__sizeof__",
            "__str__",
            "__subclasshook__");

    private static final Set<String> CALLABLE_INTERNALS = Set.of(
            "__call__",
            "__name__",
            "__qualname__",
            "__module__",
            "__globals__",
            "__code__",
            "__closure__",
            "__defaults__",
            "__kwdefaults__",
            "__annotations__",
            "__builtins__",
            "__self__",
            "__wrapped__");
    private static final Set<String> CONTAINER_INTERNALS =
            Set.of("__len__", "__iter__", "__contains__", "__getitem__", "__add__", "__mul__", "__rmul__");

    private static final Map<String, Builtin> LIST = table(
            Builtin.of("copy", "self", (r, a) -> Iterators.toList(r, a[0])),
            Builtin.of("count", "self, value, /", Attributes::count),
            Builtin.of("index", "self, value, start=0, stop=?, /", Attributes::indexOf));
    private static final Map<String, Builtin> SEQUENCE = table(
            Builtin.of("count", "self, value, /", Attributes::count),
            Builtin.of("index", "self, value, start=0, stop=?, /", Attributes::indexOf));
    private static final Map<String, Builtin> DICT = table(
            Builtin.of("get", "self, key, default=none, /", (_, a) -> {
                Object found = ((Dict) a[0]).get(a[1]);
                return found == Missing.MISSING ? a[2] : found;
            }),
            Builtin.of("keys", "self", (_, a) -> new Dict.View(Dict.View.Kind.KEYS, (Dict) a[0])),
            Builtin.of("values", "self", (_, a) -> new Dict.View(Dict.View.Kind.VALUES, (Dict) a[0])),
            Builtin.of("items", "self", (_, a) -> new Dict.View(Dict.View.Kind.ITEMS, (Dict) a[0])),
            Builtin.of("copy", "self", (r, a) -> {
                r.charge(((Dict) a[0]).size());
                return ((Dict) a[0]).copy();
            }),
            Builtin.of("fromkeys", "self, keys, value=none, /", (r, a) -> Globals.fromKeys(r, a[1], a[2])));
    private static final Map<String, Builtin> VIEW = table(Builtin.of("isdisjoint", "self, other, /", (r, a) -> {
        for (Object item : Iterators.toList(r, a[1])) {
            if (Values.contains(r, a[0], item)) {
                return false;
            }
        }
        return true;
    }));
    private static final Map<String, Builtin> INTEGER = table(
            Builtin.of("bit_length", "self", (_, a) ->
                    (long) Numbers.big(a[0]).abs().bitLength()),
            Builtin.of("bit_count", "self", (_, a) ->
                    (long) Numbers.big(a[0]).abs().bitCount()),
            Builtin.of("conjugate", "self", (_, a) -> Numbers.narrow(Numbers.big(a[0]))),
            Builtin.of("is_integer", "self", (_, _) -> true),
            Builtin.of("as_integer_ratio", "self", (_, a) -> Tuple.of(Numbers.narrow(Numbers.big(a[0])), 1L)));
    private static final Map<String, Builtin> FLOAT = table(
            Builtin.of("is_integer", "self", (_, a) -> {
                double value = (Double) a[0];
                return Double.isFinite(value) && value == Math.rint(value);
            }),
            Builtin.of("conjugate", "self", (_, a) -> a[0]),
            Builtin.of("hex", "self", (_, a) -> FloatText.hex((Double) a[0])),
            Builtin.of("as_integer_ratio", "self", (_, a) -> FloatText.ratio((Double) a[0])));
    private static final Map<String, Builtin> BYTES = table(Builtin.of(
            "decode", "self, encoding='utf-8', errors='strict'", (_, a) -> Encodings.decode((Bytes) a[0], a[1], a[2])));

    private Attributes() {}

    private static Map<String, Builtin> table(Builtin... methods) {
        Map<String, Builtin> table = new HashMap<>();
        for (Builtin method : methods) {
            table.put(method.name(), method);
        }
        return Map.copyOf(table);
    }

    /// `value.name`: the attribute, else the item of that key, else undefined.
    static Object get(Render render, Object value, String name) {
        Object found = find(value, name);
        if (found != Missing.MISSING) {
            return found;
        }
        try {
            return subscript(render, value, name);
        } catch (Fault fault) {
            rethrowUnlessAbsent(fault);
            return Undefined.member(render, value, name);
        }
    }

    /// `value[key]`: the item, else for a string key the attribute, else undefined.
    static Object item(Render render, Object value, Object key) {
        try {
            return subscript(render, value, key);
        } catch (Fault fault) {
            rethrowUnlessAbsent(fault);
        }
        if (Values.isString(key)) {
            Object found = find(value, Values.string(key));
            if (found != Missing.MISSING) {
                return found;
            }
        }
        return Undefined.member(render, value, key);
    }

    private static void rethrowUnlessAbsent(Fault fault) {
        if (fault.sort != Fault.Sort.TYPE && fault.sort != Fault.Sort.LOOKUP) {
            throw fault;
        }
    }

    /// The attribute itself, [Undefined#unsafe] where it is refused, [Missing#MISSING] where there is none.
    static Object find(Object value, String name) {
        if (name.startsWith("__") && isInternal(value, name)) {
            return Undefined.unsafe(value, name);
        }
        return switch (value) {
            case String _ -> method(StringMethods.TABLE, value, name);
            case Markup markup -> MarkupMethods.find(markup, name);
            case Dict _ -> DICT_MUTATORS.contains(name) ? Undefined.unsafe(value, name) : method(DICT, value, name);
            case List<?> _ -> LIST_MUTATORS.contains(name) ? Undefined.unsafe(value, name) : method(LIST, value, name);
            case Tuple.Group group when name.equals("grouper") -> group.items.get(0);
            case Tuple.Group group when name.equals("list") -> group.items.get(1);
            case Tuple _ -> method(SEQUENCE, value, name);
            case Range range -> range(range, name);
            case Dict.View view -> name.equals("mapping") ? view.dict() : method(VIEW, value, name);
            case Boolean _, Long _, BigInteger _ -> number(INTEGER, value, name);
            case Double _ -> number(FLOAT, value, name);
            case Bytes _ -> method(BYTES, value, name);
            case Undefined undefined -> throw undefined.fault();
            case Namespace namespace -> namespace.get(name);
            case LoopContext loop -> loop.attribute(name);
            case Macro macro -> macro.attribute(name);
            case Globals.Cycler cycler -> cycler.attribute(name);
            case Globals.Joiner joiner -> joiner.attribute(name);
            case Globals.DictMaker maker -> maker.attribute(name);
            default -> Missing.MISSING;
        };
    }

    private static boolean isInternal(Object value, String name) {
        return INTERNALS.contains(name)
                || (value instanceof Callable && CALLABLE_INTERNALS.contains(name))
                || (Iterators.iterable(value) && CONTAINER_INTERNALS.contains(name));
    }

    private static Object method(Map<String, Builtin> table, Object value, String name) {
        Builtin method = table.get(name);
        return method == null ? Missing.MISSING : method.bind(value);
    }

    private static Object number(Map<String, Builtin> table, Object value, String name) {
        boolean real = value instanceof Double;
        return switch (name) {
            case "real" -> real ? value : Numbers.narrow(Numbers.big(value));
            case "imag" -> real ? (Object) 0.0 : (Object) 0L;
            case "numerator" -> real ? Missing.MISSING : Numbers.narrow(Numbers.big(value));
            case "denominator" -> real ? Missing.MISSING : (Object) 1L;
            default -> method(table, value, name);
        };
    }

    private static Object range(Range range, String name) {
        return switch (name) {
            case "start" -> range.start();
            case "stop" -> range.stop();
            case "step" -> range.step();
            default -> method(SEQUENCE, range, name);
        };
    }

    private static Object count(Render render, Object[] a) {
        long count = 0;
        for (Object item : Iterators.toList(render, a[0])) {
            count += Values.equal(render, item, a[1]) ? 1 : 0;
        }
        return count;
    }

    private static Object indexOf(Render render, Object[] a) {
        List<Object> items = Iterators.toList(render, a[0]);
        long start = Numbers.index(a[2]);
        long stop = a[3] == Missing.MISSING ? items.size() : Numbers.index(a[3]);
        long from = start < 0 ? Math.max(0, start + items.size()) : start;
        long to = Math.min(items.size(), stop < 0 ? stop + items.size() : stop);
        for (long i = from; i < to; i++) {
            if (Values.equal(render, items.get((int) i), a[1])) {
                return i;
            }
        }
        throw Fault.value(Repr.repr(render, a[1]) + " is not in list");
    }

    /// Python's own `value[key]`, with its faults.
    static Object subscript(Render render, Object value, Object key) {
        switch (value) {
            case Dict dict -> {
                Object found = dict.get(key);
                if (found == Missing.MISSING) {
                    throw Fault.lookup("no such key");
                }
                return found;
            }
            case List<?> list -> {
                return list.get(position(key, list.size(), "list"));
            }
            case Tuple tuple -> {
                return tuple.items.get(position(key, tuple.items.size(), "tuple"));
            }
            case String text -> {
                return character(render, text, key);
            }
            case Markup markup -> {
                return new Markup(character(render, markup.text(), key));
            }
            case Range range -> {
                return range.at(position(key, range.length(), "range object"));
            }
            case Bytes bytes -> {
                return (long) (bytes.octets()[position(key, bytes.octets().length, "bytes")] & 0xff);
            }
            case Undefined undefined -> throw undefined.fault();
            default -> throw Fault.type("'" + Values.typeName(value) + "' object is not subscriptable");
        }
    }

    private static String character(Render render, String text, Object key) {
        if (!Numbers.isInteger(key)) {
            throw Fault.type("string indices must be integers, not '" + Values.typeName(key) + "'");
        }
        render.charge(text.length() / 16);
        return Text.at(text, position(key, Text.length(text), "string"));
    }

    private static int position(Object key, int length, String what) {
        if (!Numbers.isInteger(key)) {
            throw Fault.type(what + " indices must be integers or slices, not " + Values.typeName(key));
        }
        if (key instanceof BigInteger) {
            throw Fault.lookup("cannot fit 'int' into an index-sized integer");
        }
        long index = Numbers.index(key);
        long position = index < 0 ? index + length : index;
        if (position < 0 || position >= length) {
            throw Fault.lookup(what + " index out of range");
        }
        return (int) position;
    }
}
