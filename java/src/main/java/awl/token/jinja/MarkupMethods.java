package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// The methods of markup: those of `str`, except that results are markup again and plain arguments are
/// escaped.
final class MarkupMethods {
    private static final Set<String> WRAPPED = Set.of(
            "capitalize",
            "title",
            "lower",
            "upper",
            "strip",
            "lstrip",
            "rstrip",
            "expandtabs",
            "swapcase",
            "zfill",
            "casefold",
            "removeprefix",
            "removesuffix",
            "translate",
            "split",
            "rsplit",
            "splitlines",
            "partition",
            "rpartition");

    private static final Map<String, Builtin> OWN = Map.of(
            "join", Builtin.of("join", "self, iterable, /", MarkupMethods::join),
            "replace",
                    Builtin.of(
                            "replace",
                            "self, old, new, count=-1, /",
                            (r, a) -> new Markup(StringMethods.replace(
                                    r,
                                    Values.string(a[0]),
                                    Values.string(a[1]),
                                    Markup.escape(r, a[2]).text(),
                                    Numbers.index(a[3])))),
            "ljust", padding("ljust"),
            "rjust", padding("rjust"),
            "center", padding("center"),
            "format", Builtin.of("format", "self, *args, **kwargs", (r, a) -> formatted(r, a[0], (Tuple) a[1], a[2])),
            "format_map", Builtin.of("format_map", "self, mapping, /", (r, a) -> formatted(r, a[0], Tuple.of(), a[1])),
            "striptags", Builtin.of("striptags", "self", (r, a) -> Html.stripTags(r, Values.string(a[0]))),
            "unescape", Builtin.of("unescape", "self", (_, a) -> Html.unescape(Values.string(a[0]))),
            "escape", Builtin.of("escape", "self, s, /", (r, a) -> Markup.escape(r, a[1])));

    private MarkupMethods() {}

    /// The method of that name bound to the markup, or [Missing#MISSING].
    static Object find(Markup markup, String name) {
        Builtin own = OWN.get(name);
        if (own != null) {
            return own.bind(markup);
        }
        Builtin plain = StringMethods.TABLE.get(name);
        if (plain == null) {
            return Missing.MISSING;
        }
        if (!WRAPPED.contains(name)) {
            return plain.bind(markup);
        }
        return new Builtin(name, plain.signature(), (r, a) -> wrap(plain.body().apply(r, a))).bind(markup);
    }

    private static Object wrap(Object result) {
        return switch (result) {
            case String text -> new Markup(text);
            case Tuple tuple -> new Tuple(wrapAll(tuple.items));
            case List<?> list -> wrapAll(list);
            default -> result;
        };
    }

    private static List<Object> wrapAll(List<?> items) {
        List<Object> wrapped = new ArrayList<>(items.size());
        items.forEach(item -> wrapped.add(wrap(item)));
        return wrapped;
    }

    private static Object join(Render render, Object[] a) {
        StringBuilder out = new StringBuilder();
        boolean first = true;
        for (Object item : Iterators.toList(render, a[1])) {
            out.append(first ? "" : Values.string(a[0]))
                    .append(Markup.escape(render, item).text());
            first = false;
            render.checkSize(out.length());
        }
        return new Markup(render.sized(out.toString()));
    }

    private static Builtin padding(String name) {
        Builtin plain = java.util.Objects.requireNonNull(StringMethods.TABLE.get(name));
        return Builtin.of(name, "self, width, fillchar=' ', /", (r, a) -> {
            Object[] escaped = {a[0], a[1], Markup.escape(r, a[2])};
            return wrap(plain.body().apply(r, escaped));
        });
    }

    private static Markup formatted(Render render, Object self, Tuple arguments, Object keywords) {
        Object named = keywords;
        if (keywords instanceof Map<?, ?> map) {
            Dict dict = new Dict();
            map.forEach((key, value) -> dict.put(key, value));
            named = dict;
        }
        return new Markup(StringFormat.formatEscaped(render, Values.string(self), arguments, named));
    }
}
