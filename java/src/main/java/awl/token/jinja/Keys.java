package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/// Where a filter finds what it compares or maps: `attribute='a.b'` of each item, possibly in lower case.
final class Keys {
    private Keys() {}

    /// One attribute path; [None#NONE] is the item itself.
    ///
    /// @param fallback replaces an undefined value on the way; [None#NONE] for none
    static Function<Object, Object> attribute(Render render, Object path, Object fallback) {
        List<Object> parts = parts(path);
        return item -> {
            Object found = item;
            for (Object part : parts) {
                found = Attributes.item(render, found, part);
                if (found instanceof Undefined && fallback != None.NONE) {
                    found = fallback;
                }
            }
            return found;
        };
    }

    static Function<Object, Object> attribute(Render render, Object path, boolean caseSensitive) {
        Function<Object, Object> key = attribute(render, path, None.NONE);
        return caseSensitive ? key : key.andThen(Keys::ignoreCase);
    }

    /// Several paths with commas between them, as a list of keys.
    static Function<Object, Object> attributes(Render render, Object paths, boolean caseSensitive) {
        List<Function<Object, Object>> keys = new ArrayList<>();
        if (Values.isString(paths)) {
            for (Object path : Splitting.split(render, Values.string(paths), ",", -1)) {
                keys.add(attribute(render, path, caseSensitive));
            }
        } else {
            keys.add(attribute(render, paths, caseSensitive));
        }
        return item -> {
            List<Object> found = new ArrayList<>(keys.size());
            keys.forEach(key -> found.add(key.apply(item)));
            return found;
        };
    }

    private static List<Object> parts(Object path) {
        List<Object> parts = new ArrayList<>();
        if (path == None.NONE) {
            return parts;
        }
        if (!Values.isString(path)) {
            return List.of(path);
        }
        for (String part : Values.string(path).split("\\.", -1)) {
            boolean number = Letters.all(part, Letters::isDigit) && part.length() < 18;
            parts.add(number ? (Object) Long.valueOf(part) : part);
        }
        return parts;
    }

    static Object ignoreCase(Object value) {
        return switch (value) {
            case String text -> Letters.lower(text);
            case Markup markup -> new Markup(Letters.lower(markup.text()));
            default -> value;
        };
    }
}
