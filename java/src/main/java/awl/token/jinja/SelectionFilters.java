package awl.token.jinja;

import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;

/// `map`, and the filters that keep or drop items by a test. All are lazy: nothing happens, and nothing
/// fails, until the result is walked.
final class SelectionFilters {
    private SelectionFilters() {}

    static void define() {
        Filters.define(
                "map",
                "value, *args, **kwargs",
                (r, a) -> Iterators.lazy(() -> {
                    if (!Values.truth(a[0])) {
                        return List.of().iterator();
                    }
                    Function<Object, Object> function = mapping(r, given(a));
                    return Iterators.map(Iterators.of(a[0]), item -> {
                        r.step();
                        return function.apply(item);
                    });
                }));
        keep("select", true, false);
        keep("reject", false, false);
        keep("selectattr", true, true);
        keep("rejectattr", false, true);
    }

    private static void keep(String name, boolean wanted, boolean byAttribute) {
        Filters.define(
                name,
                "value, *args, **kwargs",
                (r, a) -> Iterators.lazy(() -> {
                    if (!Values.truth(a[0])) {
                        return List.of().iterator();
                    }
                    Predicate<Object> test = test(r, given(a), byAttribute);
                    return Iterators.filter(Iterators.of(a[0]), item -> {
                        r.step();
                        return test.test(item) == wanted;
                    });
                }));
    }

    private static Arguments given(Object[] a) {
        Map<String, Object> keywords = new java.util.LinkedHashMap<>();
        ((Map<?, ?>) a[2]).forEach((key, value) -> keywords.put((String) key, value));
        return new Arguments(((Tuple) a[1]).items, keywords);
    }

    private static Function<Object, Object> mapping(Render render, Arguments given) {
        if (given.positional().isEmpty() && given.keywords().containsKey("attribute")) {
            Map<String, Object> keywords = new java.util.LinkedHashMap<>(given.keywords());
            Object attribute = keywords.remove("attribute");
            Object fallback = keywords.remove("default");
            if (!keywords.isEmpty()) {
                throw Fault.runtime("Unexpected keyword argument '"
                        + keywords.keySet().iterator().next() + "'");
            }
            return Keys.attribute(
                    render, attribute == null ? None.NONE : attribute, fallback == null ? None.NONE : fallback);
        }
        if (given.positional().isEmpty()) {
            throw Fault.runtime("map requires a filter argument");
        }
        Object name = given.positional().getFirst();
        Arguments rest = given.dropFirst(1);
        return item -> Filters.call(render, name, item, rest);
    }

    private static Predicate<Object> test(Render render, Arguments given, boolean byAttribute) {
        Function<Object, Object> part = item -> item;
        Arguments rest = given;
        if (byAttribute) {
            if (given.positional().isEmpty()) {
                throw Fault.runtime("Missing parameter for attribute name");
            }
            part = Keys.attribute(render, given.positional().getFirst(), None.NONE);
            rest = given.dropFirst(1);
        }
        Function<Object, Object> looked = part;
        if (rest.positional().isEmpty()) {
            return item -> Values.truth(looked.apply(item));
        }
        Object name = rest.positional().getFirst();
        Arguments arguments = rest.dropFirst(1);
        return item -> Values.truth(
                Filters.named(Tests.TABLE, "test", name).call(render, arguments.after(looked.apply(item))));
    }
}
