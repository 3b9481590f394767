package awl.token.jinja;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The `pprint` filter: Python's `pprint.pformat` with its standard width of 80 and mappings in order of
/// their keys.
final class PrettyPrint {
    private static final int WIDTH = 80;
    private static final Pattern WORD = Pattern.compile("\\S*\\s*", Pattern.UNICODE_CHARACTER_CLASS);

    private final Render render;
    private final StringBuilder out = new StringBuilder();

    /// A key among others of any type: where two have no order, their types decide.
    private record SortKey(Render render, Object key) implements Comparable<SortKey> {
        @Override
        public int compareTo(SortKey other) {
            try {
                return Values.compare(render, key, other.key, "<");
            } catch (Fault fault) {
                return Values.typeName(key).compareTo(Values.typeName(other.key));
            }
        }
    }

    PrettyPrint(Render render) {
        this.render = render;
    }

    String format(Object value) {
        write(value, 0, 0, 1);
        return render.sized(out.toString());
    }

    /// @param indent column where the value starts
    /// @param allowance columns to keep free behind it, for closing brackets and commas
    private void write(Object value, int indent, int allowance, int level) {
        render.charge(1);
        String flat = flat(value);
        if (Text.length(flat) <= WIDTH - indent - allowance) {
            out.append(flat);
            return;
        }
        switch (value) {
            case Dict dict -> dict(dict, indent, allowance + 1, level);
            case List<?> list -> items(list, '[', "]", indent, allowance + 1, level);
            case Tuple tuple ->
                items(tuple.items, '(', tuple.items.size() == 1 ? ",)" : ")", indent, allowance + 1, level);
            case String text -> string(text, flat, indent, allowance, level);
            default -> out.append(flat);
        }
    }

    /// On one line; mappings in order of their keys, as `pprint` has them.
    private String flat(Object value) {
        return switch (value) {
            case Dict dict -> {
                List<String> parts = new ArrayList<>();
                for (Dict.Entry entry : sorted(dict)) {
                    parts.add(flat(entry.key()) + ": " + flat(entry.value()));
                }
                yield render.sized("{" + String.join(", ", parts) + "}");
            }
            case List<?> list -> render.sized("[" + String.join(", ", flats(list)) + "]");
            case Tuple tuple ->
                render.sized("(" + String.join(", ", flats(tuple.items)) + (tuple.items.size() == 1 ? ",)" : ")"));
            default -> Repr.repr(render, value);
        };
    }

    private List<String> flats(List<?> items) {
        List<String> parts = new ArrayList<>(items.size());
        items.forEach(item -> parts.add(flat(item)));
        return parts;
    }

    private List<Dict.Entry> sorted(Dict dict) {
        List<Dict.Entry> entries = new ArrayList<>(dict.entries());
        entries.sort(Comparator.comparing(entry -> new SortKey(render, entry.key())));
        return entries;
    }

    private void newline(int indent) {
        out.append('\n').append(" ".repeat(indent));
        render.checkSize(out.length());
    }

    private void dict(Dict dict, int indent, int allowance, int level) {
        out.append('{');
        List<Dict.Entry> entries = sorted(dict);
        for (int i = 0; i < entries.size(); i++) {
            if (i > 0) {
                out.append(',');
                newline(indent + 1);
            }
            String key = flat(entries.get(i).key());
            out.append(key).append(": ");
            boolean last = i == entries.size() - 1;
            write(entries.get(i).value(), indent + 1 + Text.length(key) + 2, last ? allowance : 1, level + 1);
        }
        out.append('}');
    }

    private void items(List<?> items, char open, String close, int indent, int allowance, int level) {
        out.append(open);
        for (int i = 0; i < items.size(); i++) {
            if (i > 0) {
                out.append(',');
                newline(indent + 1);
            }
            boolean last = i == items.size() - 1;
            write(items.get(i), indent + 1, last ? allowance + close.length() - 1 : 1, level + 1);
        }
        out.append(close);
    }

    /// A long string becomes several literals, broken at line ends and between words.
    private void string(String text, String flat, int indent, int allowance, int level) {
        boolean outermost = level == 1;
        int column = outermost ? indent + 1 : indent;
        int room = WIDTH - column - (outermost ? allowance + 1 : allowance);
        List<Object> lines = Splitting.lines(render, text, true);
        List<String> chunks = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            String line = Values.string(lines.get(i));
            int width = i == lines.size() - 1 ? room : WIDTH - column;
            chunk(line, width, chunks);
        }
        if (chunks.size() == 1) {
            out.append(flat);
            return;
        }
        out.append(outermost ? "(" : "");
        for (int i = 0; i < chunks.size(); i++) {
            if (i > 0) {
                newline(column);
            }
            out.append(chunks.get(i));
        }
        out.append(outermost ? ")" : "");
    }

    private void chunk(String line, int width, List<String> chunks) {
        String whole = Repr.repr(render, line);
        if (Text.length(whole) <= width) {
            chunks.add(whole);
            return;
        }
        String current = "";
        Matcher words = WORD.matcher(line);
        while (words.find()) {
            if (words.group().isEmpty()) {
                continue;
            }
            String longer = current + words.group();
            if (Text.length(Repr.repr(render, longer)) > width && !current.isEmpty()) {
                chunks.add(Repr.repr(render, current));
                current = words.group();
            } else {
                current = longer;
            }
        }
        if (!current.isEmpty()) {
            chunks.add(Repr.repr(render, current));
        }
    }
}
