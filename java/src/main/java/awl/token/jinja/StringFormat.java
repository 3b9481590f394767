package awl.token.jinja;

import java.util.List;

/// `str.format`: fields in braces, with the sandbox's rules for attributes and items inside them.
final class StringFormat {
    private static final int MAX_NESTING = 2;

    private final Render render;
    private final List<Object> positional;
    private final Object named;
    private final boolean escape;
    private int automatic;
    private boolean manual;

    private StringFormat(Render render, Tuple positional, Object named, boolean escape) {
        this.render = render;
        this.positional = positional.items;
        this.named = named;
        this.escape = escape;
    }

    static String format(Render render, String format, Tuple positional, Object named) {
        return render.sized(new StringFormat(render, positional, named, false).run(format, MAX_NESTING));
    }

    /// The same for markup, which escapes what it takes in.
    static String formatEscaped(Render render, String format, Tuple positional, Object named) {
        return render.sized(new StringFormat(render, positional, named, true).run(format, MAX_NESTING));
    }

    private String run(String format, int depth) {
        StringBuilder out = new StringBuilder();
        int i = 0;
        while (i < format.length()) {
            char c = format.charAt(i);
            if (c == '{' && i + 1 < format.length() && format.charAt(i + 1) == '{') {
                out.append('{');
                i += 2;
            } else if (c == '}') {
                if (i + 1 >= format.length() || format.charAt(i + 1) != '}') {
                    throw Fault.value("Single '}' encountered in format string");
                }
                out.append('}');
                i += 2;
            } else if (c == '{') {
                int end = closing(format, i + 1);
                out.append(field(format.substring(i + 1, end), depth));
                render.checkSize(out.length());
                i = end + 1;
            } else {
                out.append(c);
                i++;
            }
        }
        return out.toString();
    }

    private static int closing(String format, int start) {
        int open = 1;
        boolean inBrackets = false;
        for (int i = start; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c == '[' && open == 1) {
                inBrackets = true;
            } else if (c == ']') {
                inBrackets = false;
            } else if (!inBrackets && c == '{') {
                open++;
            } else if (!inBrackets && c == '}' && --open == 0) {
                return i;
            }
        }
        throw Fault.value(
                start >= format.length()
                        ? "Single '{' encountered in format string"
                        : "expected '}' before end of string");
    }

    private String field(String field, int depth) {
        if (depth == 0) {
            throw Fault.value("Max string recursion exceeded");
        }
        int end = nameEnd(field);
        String name = field.substring(0, end);
        String conversion = "";
        int at = end;
        if (at < field.length() && field.charAt(at) == '!') {
            if (at + 1 >= field.length() || (at + 2 < field.length() && field.charAt(at + 2) != ':')) {
                throw Fault.value("expected ':' after conversion specifier");
            }
            conversion = field.substring(at + 1, at + 2);
            at += 2;
        }
        Object value = converted(lookup(name), conversion);
        String spec = at < field.length() ? run(field.substring(at + 1), depth - 1) : "";
        if (!escape) {
            return FormatSpec.format(render, value, spec);
        }
        if (value instanceof Markup markup) {
            if (!spec.isEmpty()) {
                throw Fault.value("Unsupported format specification for Markup.");
            }
            return markup.text();
        }
        return Markup.escapeText(FormatSpec.format(render, value, spec));
    }

    private static int nameEnd(String field) {
        boolean inBrackets = false;
        for (int i = 0; i < field.length(); i++) {
            char c = field.charAt(i);
            if (c == '[') {
                inBrackets = true;
            } else if (c == ']') {
                inBrackets = false;
            } else if (!inBrackets && (c == '!' || c == ':')) {
                return i;
            } else if (c == '{') {
                throw Fault.value("unexpected '{' in field name");
            }
        }
        return field.length();
    }

    private Object converted(Object value, String conversion) {
        return switch (conversion) {
            case "" -> value;
            case "s" -> Repr.str(render, value);
            case "r" -> Repr.repr(render, value);
            case "a" -> Repr.ascii(render, value);
            default -> throw Fault.value("Unknown conversion specifier " + conversion);
        };
    }

    /// `name`, then any number of `.attribute` and `[item]`.
    private Object lookup(String path) {
        int i = 0;
        while (i < path.length() && path.charAt(i) != '.' && path.charAt(i) != '[') {
            i++;
        }
        Object value = first(path.substring(0, i));
        while (i < path.length()) {
            if (path.charAt(i) == '.') {
                int end = i + 1;
                while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
                    end++;
                }
                value = Attributes.get(render, value, part(path, i + 1, end));
                i = end;
            } else {
                int end = path.indexOf(']', i);
                if (end < 0) {
                    throw Fault.value("Missing ']' in format string");
                }
                if (end + 1 < path.length() && path.charAt(end + 1) != '.' && path.charAt(end + 1) != '[') {
                    throw Fault.value("Only '.' or '[' may follow ']' in format field specifier");
                }
                String key = part(path, i + 1, end);
                value = Attributes.item(render, value, isNumber(key) ? (Object) Long.valueOf(key) : key);
                i = end + 1;
            }
        }
        return value;
    }

    private static String part(String path, int start, int end) {
        if (start == end) {
            throw Fault.value("Empty attribute in format string");
        }
        return path.substring(start, end);
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.length() < 18 && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private Object first(String name) {
        if (name.isEmpty() || isNumber(name)) {
            boolean numbered = !name.isEmpty();
            if (numbered ? automatic > 0 : manual) {
                throw Fault.value("cannot switch between manual field specification and automatic field numbering");
            }
            manual |= numbered;
            long index = numbered ? Long.parseLong(name) : automatic++;
            if (index >= positional.size()) {
                throw Fault.lookup("Replacement index " + index + " out of range for positional args tuple");
            }
            return positional.get((int) index);
        }
        if (named instanceof Dict dict) {
            Object found = dict.get(name);
            if (found == Missing.MISSING) {
                throw Fault.lookup("'" + name + "'");
            }
            return found;
        }
        return Attributes.subscript(render, named, name);
    }
}
