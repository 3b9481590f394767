package awl.token.jinja;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.function.Supplier;

/// Walking over values, lazily where the reference is lazy: an error deep in a chain of filters must come
/// only if reached.
final class Iterators {
    private Iterators() {}

    static <T, R> Iterator<R> map(Iterator<T> source, Function<? super T, ? extends R> function) {
        return new Iterator<>() {
            @Override
            public boolean hasNext() {
                return source.hasNext();
            }

            @Override
            public R next() {
                return function.apply(source.next());
            }
        };
    }

    /// An iterator made only when first asked, as the body of a Python generator starts only then.
    static OneShot lazy(Supplier<Iterator<Object>> source) {
        return OneShot.generator(new Iterator<>() {
            private Iterator<Object> started = List.of().iterator();
            private boolean fresh = true;

            private Iterator<Object> started() {
                if (fresh) {
                    fresh = false;
                    started = source.get();
                }
                return started;
            }

            @Override
            public boolean hasNext() {
                return started().hasNext();
            }

            @Override
            public Object next() {
                return started().next();
            }
        });
    }

    static Iterator<Object> filter(Iterator<Object> source, Predicate<Object> keep) {
        return new Iterator<>() {
            private Object ahead = Missing.MISSING;

            @Override
            public boolean hasNext() {
                while (ahead == Missing.MISSING && source.hasNext()) {
                    Object candidate = source.next();
                    if (keep.test(candidate)) {
                        ahead = candidate;
                    }
                }
                return ahead != Missing.MISSING;
            }

            @Override
            public Object next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                Object found = ahead;
                ahead = Missing.MISSING;
                return found;
            }
        };
    }

    /// Python's `iter(value)`, or a type fault.
    static Iterator<Object> of(Object value) {
        return switch (value) {
            case List<?> list -> listIterator(list);
            case Tuple tuple -> listIterator(tuple.items);
            case Dict dict -> map(dict.entries().iterator(), Dict.Entry::key);
            case Dict.View view -> view.iterator();
            case Range range -> range.iterator();
            case OneShot once -> once.iterator();
            case String text -> characters(text);
            case Markup markup -> characters(markup.text());
            case Bytes bytes -> bytes.iterator();
            case Undefined _ -> List.of().iterator();
            default -> throw Fault.type("'" + Values.typeName(value) + "' object is not iterable");
        };
    }

    static boolean iterable(Object value) {
        return switch (value) {
            case List<?> _,
                    Tuple _,
                    Dict _,
                    Dict.View _,
                    Range _,
                    OneShot _,
                    String _,
                    Markup _,
                    Bytes _,
                    Undefined _ -> true;
            default -> false;
        };
    }

    /// Everything in the value as a fresh list, each element charged.
    static List<Object> toList(Render render, Object value) {
        List<Object> all = new ArrayList<>();
        Iterator<Object> iterator = of(value);
        while (iterator.hasNext()) {
            render.charge(1);
            all.add(iterator.next());
        }
        return all;
    }

    private static Iterator<Object> listIterator(List<?> list) {
        return map(list.iterator(), item -> item);
    }

    private static Iterator<Object> characters(String text) {
        return new Iterator<>() {
            private int at;

            @Override
            public boolean hasNext() {
                return at < text.length();
            }

            @Override
            public Object next() {
                if (at >= text.length()) {
                    throw new NoSuchElementException();
                }
                int end = text.offsetByCodePoints(at, 1);
                String character = text.substring(at, end);
                at = end;
                return character;
            }
        };
    }
}
