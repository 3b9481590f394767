package awl.token.jinja;

import java.math.BigInteger;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Values as text: `str` is what a template prints, `repr` what stands inside a printed list or mapping.
final class Repr {
    /// Python refuses to print longer integers.
    private static final int MAX_INTEGER_DIGITS = 4300;

    private static final int MAX_INTEGER_BITS = 14_300;

    private Repr() {}

    static String str(Render render, Object value) {
        return switch (value) {
            case String text -> text;
            case Markup markup -> markup.text();
            case Undefined _ -> "";
            default -> repr(render, value);
        };
    }

    static String repr(Render render, Object value) {
        StringBuilder out = new StringBuilder();
        write(render, out, value);
        return out.toString();
    }

    private static void write(Render render, StringBuilder out, Object value) {
        render.charge(1);
        render.checkSize(out.length());
        switch (value) {
            case String text -> quote(out, text);
            case Boolean flag -> out.append(flag ? "True" : "False");
            case Double number -> out.append(FloatText.repr(number));
            case BigInteger number -> out.append(integer(number));
            case Undefined _ -> out.append("Undefined");
            case List<?> list -> sequence(render, out, '[', list.iterator(), ']');
            case Tuple tuple -> {
                sequence(render, out, '(', tuple.items.iterator(), ')');
                if (tuple.items.size() == 1) {
                    out.insert(out.length() - 1, ',');
                }
            }
            case Dict dict -> dict(render, out, dict);
            case Dict.View view -> {
                out.append(view.kind().typeName).append('(');
                sequence(render, out, '[', view.iterator(), ']');
                out.append(')');
            }
            case Range range -> {
                out.append("range(").append(range.start()).append(", ").append(range.stop());
                out.append(range.step() == 1 ? ")" : ", " + range.step() + ")");
            }
            case Markup markup -> {
                out.append("Markup(");
                quote(out, markup.text());
                out.append(')');
            }
            case Bytes bytes -> out.append(bytes.repr());
            case Namespace namespace -> {
                out.append("<Namespace ");
                dict(render, out, namespace.asDict());
                out.append('>');
            }
            case Macro macro -> out.append(macro.repr());
            case LoopContext loop -> out.append(loop.repr());
            case OneShot once -> out.append('<').append(once.typeName()).append(" object>");
            case Callable callable -> out.append(Globals.repr(callable));
            case Globals.Cycler _ -> out.append("<Cycler object>");
            default -> out.append(value);
        }
    }

    private static void sequence(Render render, StringBuilder out, char open, Iterator<?> items, char close) {
        out.append(open);
        boolean first = true;
        while (items.hasNext()) {
            if (!first) {
                out.append(", ");
            }
            first = false;
            write(render, out, items.next());
        }
        out.append(close);
    }

    private static void dict(Render render, StringBuilder out, Dict dict) {
        out.append('{');
        boolean first = true;
        for (Dict.Entry entry : dict.entries()) {
            if (!first) {
                out.append(", ");
            }
            first = false;
            write(render, out, entry.key());
            out.append(": ");
            write(render, out, entry.value());
        }
        out.append('}');
    }

    static String integer(BigInteger number) {
        if (number.bitLength() > MAX_INTEGER_BITS || number.abs().toString().length() > MAX_INTEGER_DIGITS) {
            throw Fault.value("Exceeds the limit (4300 digits) for integer string conversion");
        }
        return number.toString();
    }

    private static final Map<Integer, String> NAMED_ESCAPES =
            Map.of((int) '\\', "\\\\", (int) '\n', "\\n", (int) '\r', "\\r", (int) '\t', "\\t");

    static void quote(StringBuilder out, String text) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        for (int i = 0; i < text.length(); ) {
            int c = text.codePointAt(i);
            i += Character.charCount(c);
            String named = c <= '\\' ? NAMED_ESCAPES.get(c) : null;
            if (named != null) {
                out.append(named);
            } else if (c == quote) {
                out.append('\\').append(quote);
            } else if ((c >= ' ' && c < 0x7f) || Letters.isPrintable(c)) {
                out.appendCodePoint(c);
            } else {
                escape(out, c);
            }
        }
        out.append(quote);
    }

    private static void escape(StringBuilder out, int c) {
        String form = c < 0x100 ? "\\x%02x" : c < 0x10000 ? "\\u%04x" : "\\U%08x";
        out.append(String.format(form, c));
    }

    /// Python's `ascii`: as `repr`, with every character beyond ASCII escaped.
    static String ascii(Render render, Object value) {
        StringBuilder out = new StringBuilder();
        repr(render, value).codePoints().forEach(c -> {
            if (c < 0x7f) {
                out.append((char) c);
            } else {
                escape(out, c);
            }
        });
        return out.toString();
    }
}
