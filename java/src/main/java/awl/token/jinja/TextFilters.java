package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Filters from text to text.
final class TextFilters {
    private static final Pattern WORD_START = Pattern.compile("[-\\s\\x1c-\\x1f\\x85\\p{Z}({\\[<]+");

    private TextFilters() {}

    static void define() {
        Filters.define("upper", "s", (r, a) -> change(r, a[0], Letters::upper));
        Filters.define("lower", "s", (r, a) -> change(r, a[0], Letters::lower));
        Filters.define("capitalize", "s", (r, a) -> change(r, a[0], Letters::capitalize));
        Filters.define("title", "s", (r, a) -> r.sized(title(Repr.str(r, a[0]))));
        Filters.define(
                "trim",
                "value, chars=none",
                (r, a) -> change(r, a[0], text -> StringMethods.strip(text, a[1], true, true)));
        Filters.define("center", "value, width=80", (r, a) -> {
            Object text = soft(r, a[0]);
            Object method = Attributes.find(text, "center");
            return ((Callable) method).call(r, Arguments.of(a[1]));
        });
        Filters.define("string", "object", (r, a) -> soft(r, a[0]));
        Filters.define("replace", "s, old, new, count=none", TextFilters::replace);
        Filters.define("format", "value, *args, **kwargs", TextFilters::format);
        Filters.define("indent", "s, width=4, first=false, blank=false", TextFilters::indent);
        Filters.define("truncate", "s, length=255, killwords=false, end='...', leeway=none", TextFilters::truncate);
        Filters.define("wordcount", "s", (r, a) -> words(Repr.str(r, a[0])));
        Filters.define(
                "wordwrap",
                "s, width=79, break_long_words=true, wrapstring=none, break_on_hyphens=true",
                TextWrap::filter);
    }

    /// A value as a string, markup staying markup.
    static Object soft(Render render, Object value) {
        return value instanceof Markup ? value : Repr.str(render, value);
    }

    private static Object change(Render render, Object value, UnaryOperator<String> change) {
        String text = render.sized(change.apply(Repr.str(render, value)));
        return value instanceof Markup ? new Markup(text) : text;
    }

    /// Upper-cases what follows white space, a dash or an opening bracket, and lowers the rest.
    private static String title(String text) {
        StringBuilder out = new StringBuilder(text.length());
        Matcher breaks = WORD_START.matcher(text);
        int at = 0;
        while (breaks.find()) {
            word(out, text.substring(at, breaks.start()));
            word(out, breaks.group());
            at = breaks.end();
        }
        word(out, text.substring(at));
        return out.toString();
    }

    private static void word(StringBuilder out, String word) {
        if (!word.isEmpty()) {
            int first = word.offsetByCodePoints(0, 1);
            out.append(Letters.upper(word.substring(0, first))).append(Letters.lower(word.substring(first)));
        }
    }

    private static Object replace(Render render, Object[] a) {
        long count = a[3] == None.NONE ? -1 : Numbers.index(a[3]);
        if (!render.autoescape) {
            return StringMethods.replace(
                    render, Repr.str(render, a[0]), Repr.str(render, a[1]), Repr.str(render, a[2]), count);
        }
        boolean escapes = a[1] instanceof Markup || (a[2] instanceof Markup && !(a[0] instanceof Markup));
        Object text = escapes ? Markup.escape(render, a[0]) : soft(render, a[0]);
        Callable method = (Callable) Attributes.find(text, "replace");
        return method.call(render, Arguments.of(soft(render, a[1]), soft(render, a[2]), count));
    }

    private static Object format(Render render, Object[] a) {
        Tuple positional = (Tuple) a[1];
        Dict named = new Dict();
        ((java.util.Map<?, ?>) a[2]).forEach((key, value) -> named.put(key, value));
        if (!positional.items.isEmpty() && named.size() > 0) {
            throw Fault.runtime("can't handle positional and keyword arguments at the same time");
        }
        return Operators.modulo(render, soft(render, a[0]), named.size() > 0 ? named : positional);
    }

    private static Object indent(Render render, Object[] a) {
        String text = Values.string(a[0]);
        String margin;
        if (Values.isString(a[1])) {
            margin = Values.string(a[1]);
        } else {
            long width = Math.max(0, Numbers.index(a[1]));
            render.checkSize(width);
            margin = " ".repeat((int) width);
        }
        boolean blank = Values.truth(a[3]);
        List<Object> lines = Splitting.lines(render, text + "\n", false);
        StringBuilder out = new StringBuilder(Values.truth(a[2]) ? margin : "");
        for (int i = 0; i < lines.size(); i++) {
            String line = Values.string(lines.get(i));
            out.append(i > 0 ? "\n" : "")
                    .append(i > 0 && (blank || !line.isEmpty()) ? margin : "")
                    .append(line);
            render.checkSize(out.length());
        }
        String result = render.sized(out.toString());
        return a[0] instanceof Markup ? new Markup(result) : result;
    }

    private static Object truncate(Render render, Object[] a) {
        long length = Numbers.index(a[1]);
        long leeway = a[4] == None.NONE ? 5 : Numbers.index(a[4]);
        String end = Values.string(a[3]);
        int endLength = Text.length(end);
        if (length < endLength) {
            throw Fault.runtime("expected length >= " + endLength + ", got " + length);
        }
        if (leeway < 0) {
            throw Fault.runtime("expected leeway >= 0, got " + leeway);
        }
        if (Values.length(a[0]) <= length + leeway) {
            return a[0];
        }
        String text = Values.string(a[0]);
        String kept = Text.slice(text, 0, (int) length - endLength);
        if (!Values.truth(a[2])) {
            int space = kept.lastIndexOf(' ');
            kept = space < 0 ? kept : kept.substring(0, space);
        }
        Object head = a[0] instanceof Markup ? new Markup(kept) : kept;
        return Operators.add(render, head, a[3]);
    }

    private static long words(String text) {
        long count = 0;
        boolean inside = false;
        for (int c : text.codePoints().toArray()) {
            boolean word = Letters.isWord(c);
            count += word && !inside ? 1 : 0;
            inside = word;
        }
        return count;
    }

    /// The items of a list as strings.
    static List<String> strings(List<Object> items) {
        List<String> strings = new ArrayList<>(items.size());
        items.forEach(item -> strings.add(Values.string(item)));
        return strings;
    }
}
