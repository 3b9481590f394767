package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Python's stable sort by a key, which asks nothing of the values but `<`.
final class Sorting {
    private Sorting() {}

    private record Keyed<T>(Object key, T item) {}

    /// Sorts in place. Reversed, equal items still keep their order.
    static <T> void sort(Render render, List<T> items, Function<? super T, ?> key, boolean reverse) {
        List<Keyed<T>> keyed = new ArrayList<>(items.size());
        for (T item : items) {
            keyed.add(new Keyed<>(key.apply(item), item));
        }
        List<Keyed<T>> sorted = merged(render, keyed, reverse);
        for (int i = 0; i < sorted.size(); i++) {
            items.set(i, sorted.get(i).item);
        }
    }

    /// A plain merge sort: unlike the library's it never objects to an order that contradicts itself (as with
    /// NaN).
    private static <T> List<Keyed<T>> merged(Render render, List<Keyed<T>> items, boolean reverse) {
        if (items.size() < 2) {
            return items;
        }
        int middle = items.size() / 2;
        List<Keyed<T>> left = merged(render, items.subList(0, middle), reverse);
        List<Keyed<T>> right = merged(render, items.subList(middle, items.size()), reverse);
        List<Keyed<T>> all = new ArrayList<>(items.size());
        int l = 0;
        int r = 0;
        while (l < left.size() && r < right.size()) {
            render.charge(1);
            Object a = left.get(l).key;
            Object b = right.get(r).key;
            boolean rightFirst = reverse ? less(render, a, b) : less(render, b, a);
            all.add(rightFirst ? right.get(r++) : left.get(l++));
        }
        all.addAll(left.subList(l, left.size()));
        all.addAll(right.subList(r, right.size()));
        return all;
    }

    static boolean less(Render render, Object a, Object b) {
        return Tests.ordered(render, "<", a, b);
    }
}
