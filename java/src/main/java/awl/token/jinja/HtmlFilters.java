package awl.token.jinja;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// Filters that know about HTML and URLs.
final class HtmlFilters {
    private HtmlFilters() {}

    static void define() {
        Filters.define("escape e", "s, /", (r, a) -> Markup.escape(r, a[0]));
        Filters.define("forceescape", "value", (r, a) -> new Markup(Markup.escapeText(Repr.str(r, a[0]))));
        Filters.define("safe", "value", (r, a) -> new Markup(Repr.str(r, a[0])));
        Filters.define("striptags", "value", (r, a) -> Html.stripTags(r, Repr.str(r, a[0])));
        Filters.define("xmlattr", "d, autospace=true", HtmlFilters::attributes);
        Filters.define("urlencode", "value", (r, a) -> urlEncode(r, a[0]));
        Filters.define(
                "urlize",
                "value, trim_url_limit=none, nofollow=false, target=none, rel=none, extra_schemes=none",
                Urlize::filter);
    }

    private static Object attributes(Render render, Object[] a) {
        if (!(a[0] instanceof Dict dict)) {
            throw a[0] instanceof Undefined undefined
                    ? undefined.fault()
                    : Fault.type("'" + Values.typeName(a[0]) + "' object has no attribute 'items'");
        }
        List<String> items = new ArrayList<>();
        for (Dict.Entry entry : dict.entries()) {
            if (entry.value() == None.NONE || entry.value() instanceof Undefined) {
                continue;
            }
            String key = Values.string(entry.key());
            if (key.chars().anyMatch(c -> (c >= 9 && c <= 13) || c == ' ' || c == '/' || c == '>' || c == '=')) {
                throw Fault.value("Invalid character in attribute name: '" + key + "'");
            }
            items.add(Markup.escape(render, entry.key()).text() + "=\""
                    + Markup.escape(render, entry.value()).text() + "\"");
        }
        String text = render.sized((Values.truth(a[1]) && !items.isEmpty() ? " " : "") + String.join(" ", items));
        return render.autoescape ? new Markup(text) : text;
    }

    private static Object urlEncode(Render render, Object value) {
        if (Values.isString(value) || !Iterators.iterable(value) || value instanceof Bytes) {
            return quote(render, value, false);
        }
        Object pairs = value instanceof Dict dict ? new Dict.View(Dict.View.Kind.ITEMS, dict) : value;
        StringBuilder out = new StringBuilder();
        Iterator<Object> items = Iterators.of(pairs);
        while (items.hasNext()) {
            List<Object> pair = Iterators.toList(render, items.next());
            if (pair.size() != 2) {
                throw Fault.value("expected pairs to encode");
            }
            out.append(out.isEmpty() ? "" : "&")
                    .append(quote(render, pair.get(0), true))
                    .append('=')
                    .append(quote(render, pair.get(1), true));
        }
        return render.sized(out.toString());
    }

    private static String quote(Render render, Object value, boolean inQuery) {
        byte[] octets = value instanceof Bytes bytes
                ? bytes.octets()
                : Repr.str(render, value).getBytes(StandardCharsets.UTF_8);
        StringBuilder out = new StringBuilder(octets.length);
        for (byte octet : octets) {
            int c = octet & 0xff;
            boolean plain = (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "_.-~".indexOf(c) >= 0
                    || (c == '/' && !inQuery);
            if (plain) {
                out.append((char) c);
            } else if (c == ' ' && inQuery) {
                out.append('+');
            } else {
                out.append(String.format("%%%02X", c));
            }
        }
        return render.sized(out.toString());
    }
}
