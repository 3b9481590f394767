package awl.token.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.function.Function;

/// Filters on lists and mappings as wholes: ends, order, groups, sums.
final class SequenceFilters {
    private SequenceFilters() {}

    static void define() {
        Filters.define("length count", "obj, /", (_, a) -> Values.length(a[0]));
        Filters.define("list", "value", (r, a) -> Iterators.toList(r, a[0]));
        Filters.define("first", "seq", (_, a) -> {
            Iterator<Object> items = Iterators.of(a[0]);
            return items.hasNext() ? items.next() : Undefined.because("No first item, sequence was empty.");
        });
        Filters.define("last", "seq", (r, a) -> {
            Iterator<Object> items = reversed(r, a[0]);
            return items.hasNext() ? items.next() : Undefined.because("No last item, sequence was empty.");
        });
        Filters.define("random", "seq", (r, a) -> {
            long length = Values.length(a[0]);
            if (length == 0) {
                return Undefined.because("No random item, sequence was empty.");
            }
            return Attributes.subscript(
                    r, a[0], java.util.concurrent.ThreadLocalRandom.current().nextLong(length));
        });
        Filters.define("reverse", "value", SequenceFilters::reverse);
        Filters.define("join", "value, d='', attribute=none", SequenceFilters::join);
        Filters.define("sort", "value, reverse=false, case_sensitive=false, attribute=none", (r, a) -> {
            List<Object> items = Iterators.toList(r, a[0]);
            Sorting.sort(r, items, Keys.attributes(r, a[3], Values.truth(a[2])), Values.truth(a[1]));
            return items;
        });
        Filters.define("dictsort", "value, case_sensitive=false, by='key', reverse=false", SequenceFilters::dictSort);
        Filters.define(
                "items",
                "value",
                (_, a) -> Iterators.lazy(() -> {
                    if (a[0] instanceof Undefined) {
                        return List.of().iterator();
                    }
                    if (!(a[0] instanceof Dict dict)) {
                        throw Fault.type("Can only get item pairs from a mapping.");
                    }
                    return new Dict.View(Dict.View.Kind.ITEMS, dict).iterator();
                }));
        Filters.define("min", "value, case_sensitive=false, attribute=none", (r, a) -> extreme(r, a, false));
        Filters.define("max", "value, case_sensitive=false, attribute=none", (r, a) -> extreme(r, a, true));
        Filters.define("sum", "iterable, attribute=none, start=0", SequenceFilters::sum);
        Filters.define(
                "unique",
                "value, case_sensitive=false, attribute=none",
                (r, a) -> Iterators.lazy(() -> {
                    Function<Object, Object> key = Keys.attribute(r, a[2], Values.truth(a[1]));
                    Set<Object> seen = new HashSet<>();
                    return Iterators.filter(Iterators.of(a[0]), item -> {
                        r.charge(1);
                        return seen.add(Dict.hashable(key.apply(item)));
                    });
                }));
        Filters.define("batch", "value, linecount, fill_with=none", (r, a) -> Iterators.lazy(() -> batch(r, a)));
        Filters.define("slice", "value, slices, fill_with=none", (r, a) -> Iterators.lazy(() -> slice(r, a)));
        Filters.define("groupby", "value, attribute, default=none, case_sensitive=false", SequenceFilters::groupBy);
    }

    /// Python's `reversed(value)`.
    private static Iterator<Object> reversed(Render render, Object value) {
        if (value instanceof OneShot || value instanceof LoopContext || !Iterators.iterable(value)) {
            throw Fault.type("'" + Values.typeName(value) + "' object is not reversible");
        }
        List<Object> items = Iterators.toList(render, value);
        Collections.reverse(items);
        return items.iterator();
    }

    private static Object reverse(Render render, Object[] a) {
        if (Values.isString(a[0])) {
            return new Slice(None.NONE, None.NONE, -1L).of(render, a[0]);
        }
        if (a[0] instanceof OneShot) {
            List<Object> items = Iterators.toList(render, a[0]);
            Collections.reverse(items);
            return items;
        }
        if (!Iterators.iterable(a[0])) {
            throw Fault.runtime("argument must be iterable");
        }
        String name = a[0] instanceof List<?> ? "list_reverseiterator" : "reversed";
        return new OneShot(name, reversed(render, a[0]));
    }

    private static Object join(Render render, Object[] a) {
        List<Object> items = Iterators.toList(render, a[0]);
        if (a[2] != None.NONE) {
            items.replaceAll(Keys.attribute(render, a[2], None.NONE)::apply);
        }
        boolean markup = a[1] instanceof Markup || items.stream().anyMatch(Markup.class::isInstance);
        boolean escape = render.autoescape && markup;
        StringBuilder out = new StringBuilder();
        String separator = escape ? Markup.escape(render, a[1]).text() : Repr.str(render, a[1]);
        boolean first = true;
        for (Object item : items) {
            out.append(first ? "" : separator)
                    .append(escape ? Markup.escape(render, item).text() : Repr.str(render, item));
            first = false;
            render.checkSize(out.length());
        }
        String text = render.sized(out.toString());
        return escape ? new Markup(text) : text;
    }

    private static Object dictSort(Render render, Object[] a) {
        String by = Values.isString(a[2]) ? Values.string(a[2]) : "";
        if (!by.equals("key") && !by.equals("value")) {
            throw Fault.runtime("You can only sort by either \"key\" or \"value\"");
        }
        if (!(a[0] instanceof Dict dict)) {
            throw a[0] instanceof Undefined undefined
                    ? undefined.fault()
                    : Fault.type("'" + Values.typeName(a[0]) + "' object has no attribute 'items'");
        }
        List<Object> pairs = new Dict.View(Dict.View.Kind.ITEMS, dict).toList();
        int position = by.equals("key") ? 0 : 1;
        boolean sensitive = Values.truth(a[1]);
        Function<Object, Object> key = pair -> {
            Object part = ((Tuple) pair).items.get(position);
            return sensitive ? part : Keys.ignoreCase(part);
        };
        Sorting.sort(render, pairs, key, Values.truth(a[3]));
        return pairs;
    }

    private static Object extreme(Render render, Object[] a, boolean largest) {
        Iterator<Object> items = Iterators.of(a[0]);
        if (!items.hasNext()) {
            return Undefined.because("No aggregated item, sequence was empty.");
        }
        Function<Object, Object> key = Keys.attribute(render, a[2], Values.truth(a[1]));
        Object best = items.next();
        Object bestKey = key.apply(best);
        while (items.hasNext()) {
            render.charge(1);
            Object item = items.next();
            Object itemKey = key.apply(item);
            if (largest ? Tests.ordered(render, ">", itemKey, bestKey) : Sorting.less(render, itemKey, bestKey)) {
                best = item;
                bestKey = itemKey;
            }
        }
        return best;
    }

    private static Object sum(Render render, Object[] a) {
        if (Values.isString(a[2])) {
            throw Fault.type("sum() can't sum strings [use ''.join(seq) instead]");
        }
        Function<Object, Object> value = Keys.attribute(render, a[1], None.NONE);
        Object total = a[2];
        Iterator<Object> items = Iterators.of(a[0]);
        while (items.hasNext()) {
            render.charge(1);
            total = Operators.add(render, total, value.apply(items.next()));
        }
        return total;
    }

    private static Iterator<Object> batch(Render render, Object[] a) {
        List<Object> rows = new ArrayList<>();
        List<Object> row = new ArrayList<>();
        for (Object item : Iterators.toList(render, a[0])) {
            if (Values.equal(render, (long) row.size(), a[1])) {
                rows.add(row);
                row = new ArrayList<>();
            }
            row.add(item);
        }
        if (!row.isEmpty()) {
            if (a[2] != None.NONE && Sorting.less(render, (long) row.size(), a[1])) {
                long missing = Numbers.index(a[1]) - row.size();
                render.checkSize(missing);
                render.charge(missing);
                row.addAll(Collections.nCopies((int) missing, a[2]));
            }
            rows.add(row);
        }
        return rows.iterator();
    }

    private static Iterator<Object> slice(Render render, Object[] a) {
        List<Object> items = Iterators.toList(render, a[0]);
        long slices = Numbers.index(a[1]);
        if (slices == 0) {
            throw Fault.arithmetic("integer division or modulo by zero");
        }
        render.charge(Math.max(0, slices));
        render.checkSize(Math.max(0, slices));
        List<Object> columns = new ArrayList<>();
        long each = items.size() / slices;
        long extra = items.size() % slices;
        int at = 0;
        for (long i = 0; i < slices; i++) {
            int end = at + (int) (each + (i < extra ? 1 : 0));
            List<Object> column = new ArrayList<>(items.subList(at, end));
            if (a[2] != None.NONE && i >= extra) {
                column.add(a[2]);
            }
            columns.add(column);
            at = end;
        }
        return columns.iterator();
    }

    private static Object groupBy(Render render, Object[] a) {
        boolean sensitive = Values.truth(a[3]);
        Function<Object, Object> shown = Keys.attribute(render, a[1], a[2]);
        Function<Object, Object> key = sensitive ? shown : shown.andThen(Keys::ignoreCase);
        List<Object> items = Iterators.toList(render, a[0]);
        Sorting.sort(render, items, key, false);
        List<Object> groups = new ArrayList<>();
        List<Object> members = new ArrayList<>();
        Object current = Missing.MISSING;
        for (Object item : items) {
            Object itemKey = key.apply(item);
            if (current != Missing.MISSING && !Values.equal(render, current, itemKey)) {
                groups.add(new Tuple.Group(shown.apply(members.getFirst()), members));
                members = new ArrayList<>();
            }
            current = itemKey;
            members.add(item);
        }
        if (!members.isEmpty()) {
            groups.add(new Tuple.Group(shown.apply(members.getFirst()), members));
        }
        return groups;
    }
}
