package awl.token.jinja;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// The `tojson` filter of chat templates: Python's `json.dumps`, which escapes nothing for HTML.
final class ToJson {
    private final Render render;
    private final StringBuilder out = new StringBuilder();
    private final boolean ascii;
    private final boolean sorted;
    private final boolean indented;
    private final String indent;
    private final String itemSeparator;
    private final String keySeparator;

    private ToJson(Render render, Object ascii, Object indent, Object separators, Object sorted) {
        this.render = render;
        this.ascii = Values.truth(ascii);
        this.sorted = Values.truth(sorted);
        this.indented = indent != None.NONE;
        this.indent = !indented ? "" : Values.isString(indent) ? Values.string(indent) : spaces(indent);
        if (separators == None.NONE) {
            this.itemSeparator = indented ? "," : ", ";
            this.keySeparator = ": ";
        } else {
            List<Object> pair = Iterators.toList(render, separators);
            if (pair.size() != 2) {
                throw Fault.value("separators must be two strings");
            }
            this.itemSeparator = Values.string(pair.get(0));
            this.keySeparator = Values.string(pair.get(1));
        }
    }

    private String spaces(Object indent) {
        long width = Math.max(0, Numbers.index(indent));
        render.checkSize(width);
        return " ".repeat((int) width);
    }

    /// @param a value, ensure_ascii, indent, separators, sort_keys
    static String filter(Render render, Object[] a) {
        ToJson json = new ToJson(render, a[1], a[2], a[3], a[4]);
        json.write(a[0], 0);
        return render.sized(json.out.toString());
    }

    private void write(Object value, int level) {
        render.charge(1);
        render.checkSize(out.length());
        switch (value) {
            case None _ -> out.append("null");
            case Boolean flag -> out.append(flag);
            case String text -> quote(text);
            case Markup markup -> quote(markup.text());
            case Long number -> out.append(number);
            case BigInteger number -> out.append(Repr.integer(number));
            case Double number -> out.append(number(number));
            case List<?> list -> array(list, level);
            case Tuple tuple -> array(tuple.items, level);
            case Dict dict -> object(dict, level);
            default -> throw Fault.type("Object of type " + Values.typeName(value) + " is not JSON serializable");
        }
    }

    private static String number(double value) {
        if (Double.isNaN(value)) {
            return "NaN";
        }
        return Double.isInfinite(value) ? (value > 0 ? "Infinity" : "-Infinity") : FloatText.repr(value);
    }

    private void newline(int level) {
        if (indented) {
            render.charge((long) indent.length() * level);
            out.append('\n').append(indent.repeat(level));
            render.checkSize(out.length());
        }
    }

    private void array(List<?> items, int level) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        out.append('[');
        Iterator<?> iterator = items.iterator();
        while (iterator.hasNext()) {
            newline(level + 1);
            write(iterator.next(), level + 1);
            if (iterator.hasNext()) {
                out.append(itemSeparator);
            }
        }
        newline(level);
        out.append(']');
    }

    private void object(Dict dict, int level) {
        if (dict.size() == 0) {
            out.append("{}");
            return;
        }
        List<Dict.Entry> entries = new ArrayList<>(dict.entries());
        if (sorted) {
            Sorting.sort(render, entries, Dict.Entry::key, false);
        }
        out.append('{');
        Iterator<Dict.Entry> iterator = entries.iterator();
        while (iterator.hasNext()) {
            Dict.Entry entry = iterator.next();
            newline(level + 1);
            quote(key(entry.key()));
            out.append(keySeparator);
            write(entry.value(), level + 1);
            if (iterator.hasNext()) {
                out.append(itemSeparator);
            }
        }
        newline(level);
        out.append('}');
    }

    private static String key(Object key) {
        return switch (key) {
            case String text -> text;
            case Markup markup -> markup.text();
            case None _ -> "null";
            case Boolean flag -> flag.toString();
            case Long number -> number.toString();
            case BigInteger number -> Repr.integer(number);
            case Double number -> number(number);
            default -> throw Fault.type("keys must be str, int, float, bool or None, not " + Values.typeName(key));
        };
    }

    private void quote(String text) {
        render.charge(text.length());
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < ' ' || (ascii && c > '~')) {
                        out.append(String.format("\\u%04x", (int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
