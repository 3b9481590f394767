package awl.token.jinja;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A mapping in order of insertion whose keys compare as in Python: `1`, `1.0` and `true` are one key.
final class Dict {
    /// A key as first written, and its value.
    record Entry(Object key, Object value) {}

    /// A live view on keys, values or pairs, as `keys()`, `values()` and `items()` give it.
    record View(Kind kind, Dict dict) {
        enum Kind {
            KEYS("dict_keys"),
            VALUES("dict_values"),
            ITEMS("dict_items");

            final String typeName;

            Kind(String typeName) {
                this.typeName = typeName;
            }
        }

        /// Keys and pairs compare as sets; values do not.
        boolean isSet() {
            return kind != Kind.VALUES;
        }

        Object of(Entry entry) {
            return switch (kind) {
                case KEYS -> entry.key;
                case VALUES -> entry.value;
                case ITEMS -> Tuple.of(entry.key, entry.value);
            };
        }

        Iterator<Object> iterator() {
            Iterator<Entry> entries = dict.entries().iterator();
            return Iterators.map(entries, this::of);
        }

        List<Object> toList() {
            List<Object> all = new ArrayList<>(dict.size());
            dict.entries().forEach(entry -> all.add(of(entry)));
            return all;
        }
    }

    private static final int MAX_KEY_PARTS = 100_000;

    private final Map<Object, Entry> entries = new LinkedHashMap<>();

    /// The entry's value, or [Missing#MISSING]. Fails where the key cannot be hashed.
    Object get(Object key) {
        Entry entry = entries.get(hashable(key));
        return entry == null ? Missing.MISSING : entry.value;
    }

    boolean has(Object key) {
        return entries.containsKey(hashable(key));
    }

    /// Sets a value; an equal key already present keeps its place and its first spelling.
    void put(Object key, Object value) {
        entries.merge(hashable(key), new Entry(key, value), (old, fresh) -> new Entry(old.key, fresh.value));
    }

    int size() {
        return entries.size();
    }

    Collection<Entry> entries() {
        return entries.values();
    }

    Dict copy() {
        Dict copy = new Dict();
        copy.entries.putAll(entries);
        return copy;
    }

    /// A Java value that is equal and hashes equal exactly where the keys are equal in Python.
    static Object hashable(Object key) {
        return key instanceof String ? key : hashable(key, new int[] {MAX_KEY_PARTS});
    }

    private static Object hashable(Object key, int[] budget) {
        if (budget[0]-- <= 0) {
            throw Fault.limit("key of a mapping is too large");
        }
        return switch (key) {
            case Markup markup -> markup.text();
            case Boolean flag -> flag ? 1L : 0L;
            case Double number -> {
                if (number.isNaN() || number.isInfinite() || number != Math.rint(number)) {
                    yield number;
                }
                yield Numbers.narrow(new BigDecimal(number).toBigInteger());
            }
            case Tuple tuple -> {
                List<Object> parts = new ArrayList<>(tuple.items.size());
                for (Object item : tuple.items) {
                    parts.add(hashable(item, budget));
                }
                yield List.copyOf(parts);
            }
            case List<?> _ -> throw Fault.type("unhashable type: 'list'");
            case Dict _ -> throw Fault.type("unhashable type: 'dict'");
            case View view
            when view.kind != View.Kind.VALUES -> throw Fault.type("unhashable type: '" + view.kind.typeName + "'");
            case Undefined _ -> Undefined.class;
            default -> key;
        };
    }
}
