package awl.token.jinja;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The functions every template has.
final class Globals {
    static final Map<String, Object> TABLE = new HashMap<>();

    /// How the globals that are classes in the reference print.
    private static final Map<String, String> CLASSES = Map.of(
            "cycler", "jinja2.utils.Cycler",
            "joiner", "jinja2.utils.Joiner",
            "namespace",
                    "transformers.utils.chat_template_utils._cached_compile_jinja_template.<locals>.TemplateNamespace");

    private Globals() {}

    /// What a function of the engine prints.
    static String repr(Callable callable) {
        boolean global = TABLE.get(callable.name()) == callable;
        String name = CLASSES.get(callable.name());
        return global && name != null ? "<class '" + name + "'>" : "<function " + callable.name() + ">";
    }

    private static void define(String name, String signature, Builtin.Body body) {
        TABLE.put(name, Builtin.of(name, signature, body));
    }

    static {
        define("range", "a, b=?, c=?, /", (_, a) -> {
            if (a[1] == Missing.MISSING) {
                return Range.of(0, Numbers.index(a[0]), 1);
            }
            return Range.of(
                    Numbers.index(a[0]), Numbers.index(a[1]), a[2] == Missing.MISSING ? 1 : Numbers.index(a[2]));
        });
        define("namespace", "*args, **kwargs", (r, a) -> new Namespace(dict(r, a)));
        define("cycler", "*items", (_, a) -> new Cycler((Tuple) a[0]));
        define("joiner", "sep=?", (_, a) -> new Joiner(a[0] == Missing.MISSING ? ", " : a[0]));
        define("raise_exception", "message", (r, a) -> {
            throw new Fault(Fault.Sort.RAISED, Repr.str(r, a[0]));
        });
        define("strftime_now", "format", (r, a) -> r.sized(Strftime.format(Values.string(a[0]), r.clock())));
        define("lipsum", "n=5, html=true, min=20, max=100", (_, _) -> {
            throw Fault.runtime("lipsum is not available: its text is random");
        });
        TABLE.put("dict", new DictMaker());
    }

    /// `dict(...)`: from a mapping or pairs, then keywords.
    private static Dict dict(Render render, Object[] a) {
        List<Object> positional = ((Tuple) a[0]).items;
        if (positional.size() > 1) {
            throw Fault.type("dict expected at most 1 argument, got " + positional.size());
        }
        Dict made = new Dict();
        if (positional.size() == 1) {
            if (positional.getFirst() instanceof Dict given) {
                given.entries().forEach(entry -> made.put(entry.key(), entry.value()));
            } else {
                for (Object pair : Iterators.toList(render, positional.getFirst())) {
                    List<Object> parts = Iterators.toList(render, pair);
                    if (parts.size() != 2) {
                        throw Fault.value(
                                "dictionary update sequence element has length " + parts.size() + "; 2 is required");
                    }
                    made.put(parts.get(0), parts.get(1));
                }
            }
        }
        ((Map<?, ?>) a[1]).forEach((key, value) -> made.put(key, value));
        render.charge(made.size());
        return made;
    }

    static Dict fromKeys(Render render, Object keys, Object value) {
        Dict made = new Dict();
        Iterators.toList(render, keys).forEach(key -> made.put(key, value));
        return made;
    }

    /// The global `dict`: callable, with `fromkeys` and nothing else.
    static final class DictMaker implements Callable {
        private static final Builtin MAKE = Builtin.of("dict", "*args, **kwargs", Globals::dict);
        private static final Builtin FROM_KEYS =
                Builtin.of("fromkeys", "keys, value=none, /", (r, a) -> fromKeys(r, a[0], a[1]));

        @Override
        public Object call(Render render, Arguments arguments) {
            return MAKE.call(render, arguments);
        }

        @Override
        public String name() {
            return "dict";
        }

        Object attribute(String attribute) {
            return attribute.equals("fromkeys") ? FROM_KEYS : Missing.MISSING;
        }
    }

    /// Gives its items in turn, over and over.
    static final class Cycler {
        private final Tuple items;
        private int position;

        Cycler(Tuple items) {
            if (items.items.isEmpty()) {
                throw Fault.runtime("at least one item has to be provided");
            }
            this.items = items;
        }

        Object attribute(String attribute) {
            return switch (attribute) {
                case "current" -> items.items.get(position);
                case "items" -> items;
                case "pos" -> (long) position;
                case "next" ->
                    Builtin.of("next", "", (_, _) -> {
                        Object item = items.items.get(position);
                        position = (position + 1) % items.items.size();
                        return item;
                    });
                case "reset" ->
                    Builtin.of("reset", "", (_, _) -> {
                        position = 0;
                        return None.NONE;
                    });
                default -> Missing.MISSING;
            };
        }
    }

    /// Gives nothing the first time and its separator from then on.
    static final class Joiner implements Callable {
        private final Object separator;
        private boolean used;

        Joiner(Object separator) {
            this.separator = separator;
        }

        @Override
        public Object call(Render render, Arguments arguments) {
            Signature.parse("").bind("joiner", arguments);
            if (!used) {
                used = true;
                return "";
            }
            return separator;
        }

        @Override
        public String name() {
            return "joiner";
        }

        Object attribute(String attribute) {
            return switch (attribute) {
                case "sep" -> separator;
                case "used" -> used;
                default -> Missing.MISSING;
            };
        }
    }
}
