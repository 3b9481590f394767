package awl.token.jinja;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The methods of Python's `str`. Positions are code points; a second position past the first leaves nothing
/// to search.
final class StringMethods {
    static final Map<String, Builtin> TABLE = new HashMap<>();

    private StringMethods() {}

    /// A function from text to text.
    @FunctionalInterface
    private interface Change {
        String apply(String text);
    }

    /// A question about a text.
    @FunctionalInterface
    private interface Question {
        boolean test(String text);
    }

    private static void define(String name, String signature, Builtin.Body body) {
        TABLE.put(name, Builtin.of(name, signature, body));
    }

    private static void change(String name, Change change) {
        define(name, "self, /", (r, a) -> r.sized(change.apply(self(a))));
    }

    private static void ask(String name, Question question) {
        define(name, "self, /", (_, a) -> question.test(self(a)));
    }

    static {
        change("upper", Letters::upper);
        change("lower", Letters::lower);
        change("casefold", Letters::fold);
        change("capitalize", Letters::capitalize);
        change("title", Letters::titleWords);
        change("swapcase", Letters::swapCase);
        ask("isalpha", text -> Letters.all(text, Letters::isAlphabetic));
        ask("isalnum", text -> Letters.all(text, Letters::isAlphanumeric));
        ask("isdecimal", text -> Letters.all(text, Letters::isDecimal));
        ask("isdigit", text -> Letters.all(text, Letters::isDigit));
        ask("isnumeric", text -> Letters.all(text, Letters::isNumeric));
        ask("isspace", text -> Letters.all(text, Text::isSpace));
        ask("isascii", text -> text.chars().allMatch(c -> c < 0x80));
        ask("isprintable", text -> text.codePoints().allMatch(Letters::isPrintable));
        ask("isidentifier", Letters::isIdentifier);
        ask("isupper", Letters::isUpper);
        ask("islower", Letters::isLower);
        ask("istitle", Letters::isTitle);
        define("strip", "self, chars=none, /", (_, a) -> strip(self(a), a[1], true, true));
        define("lstrip", "self, chars=none, /", (_, a) -> strip(self(a), a[1], true, false));
        define("rstrip", "self, chars=none, /", (_, a) -> strip(self(a), a[1], false, true));
        define("removeprefix", "self, prefix, /", (_, a) -> {
            String prefix = Values.string(a[1]);
            return self(a).startsWith(prefix) ? self(a).substring(prefix.length()) : self(a);
        });
        define("removesuffix", "self, suffix, /", (_, a) -> {
            String suffix = Values.string(a[1]);
            boolean there = !suffix.isEmpty() && self(a).endsWith(suffix);
            return there ? self(a).substring(0, self(a).length() - suffix.length()) : self(a);
        });
        define("startswith", "self, prefix, start=none, end=none, /", (r, a) -> affix(r, a, true));
        define("endswith", "self, suffix, start=none, end=none, /", (r, a) -> affix(r, a, false));
        define("find", "self, sub, start=none, end=none, /", (r, a) -> find(r, a, false));
        define("rfind", "self, sub, start=none, end=none, /", (r, a) -> find(r, a, true));
        define("index", "self, sub, start=none, end=none, /", (r, a) -> found(find(r, a, false)));
        define("rindex", "self, sub, start=none, end=none, /", (r, a) -> found(find(r, a, true)));
        define("count", "self, sub, start=none, end=none, /", StringMethods::count);
        define(
                "replace",
                "self, old, new, count=-1",
                (r, a) -> replace(r, self(a), Values.string(a[1]), Values.string(a[2]), Numbers.index(a[3])));
        define("join", "self, iterable, /", StringMethods::join);
        define(
                "split",
                "self, sep=none, maxsplit=-1",
                (r, a) -> Splitting.split(r, self(a), a[1], Numbers.index(a[2])));
        define(
                "rsplit",
                "self, sep=none, maxsplit=-1",
                (r, a) -> Splitting.splitRight(r, self(a), a[1], Numbers.index(a[2])));
        define("splitlines", "self, keepends=false", (r, a) -> Splitting.lines(r, self(a), Values.truth(a[1])));
        define("partition", "self, sep, /", (_, a) -> Splitting.partition(self(a), Values.string(a[1]), false));
        define("rpartition", "self, sep, /", (_, a) -> Splitting.partition(self(a), Values.string(a[1]), true));
        define("center", "self, width, fillchar=' ', /", (r, a) -> {
            long free = Numbers.index(a[1]) - Text.length(self(a));
            // where the space cannot be shared evenly, Python's choice of side depends on both numbers
            long left = free / 2 + (free & Numbers.index(a[1]) & 1);
            return pad(r, self(a), free <= 0 ? 0 : left, free <= 0 ? 0 : free - left, a[2]);
        });
        define(
                "ljust",
                "self, width, fillchar=' ', /",
                (r, a) -> pad(r, self(a), 0, Numbers.index(a[1]) - Text.length(self(a)), a[2]));
        define(
                "rjust",
                "self, width, fillchar=' ', /",
                (r, a) -> pad(r, self(a), Numbers.index(a[1]) - Text.length(self(a)), 0, a[2]));
        define("zfill", "self, width, /", (r, a) -> {
            String text = self(a);
            boolean signed = text.startsWith("+") || text.startsWith("-");
            long zeros = Numbers.index(a[1]) - Text.length(text);
            String sign = signed ? text.substring(0, 1) : "";
            return zeros <= 0 ? text : sign + pad(r, text.substring(sign.length()), zeros, 0, "0");
        });
        define("expandtabs", "self, tabsize=8", StringMethods::expandTabs);
        define("encode", "self, encoding='utf-8', errors='strict'", (r, a) -> {
            r.charge(self(a).length());
            return Encodings.encode(self(a), a[1], a[2]);
        });
        define("translate", "self, table, /", StringMethods::translate);
        define("maketrans", "self, x, y=?, z=?, /", (r, a) -> makeTranslation(r, a));
        define(
                "format",
                "self, *args, **kwargs",
                (r, a) -> StringFormat.format(r, self(a), (Tuple) a[1], keywords(a[2])));
        define("format_map", "self, mapping, /", (r, a) -> StringFormat.format(r, self(a), Tuple.of(), a[1]));
    }

    private static Dict keywords(Object keywords) {
        Dict dict = new Dict();
        ((Map<?, ?>) keywords).forEach((key, value) -> dict.put(key, value));
        return dict;
    }

    private static String self(Object[] arguments) {
        return Values.string(arguments[0]);
    }

    static String strip(String text, Object chars, boolean left, boolean right) {
        String result = text;
        if (chars == None.NONE) {
            result = left ? Text.stripLeft(result) : result;
            return right ? Text.stripRight(result) : result;
        }
        String set = Values.string(chars);
        result = left ? Text.stripLeft(result, set) : result;
        return right ? Text.stripRight(result, set) : result;
    }

    /// The part of the text between two optional positions, and where it starts.
    private record Window(String text, int start, boolean possible) {}

    private static Window window(Render render, Object[] a) {
        String text = self(a);
        if (a[2] == None.NONE && a[3] == None.NONE) {
            return new Window(text, 0, true);
        }
        int length = Text.length(text);
        long start = a[2] == None.NONE ? 0 : Numbers.index(a[2]);
        long end = a[3] == None.NONE ? length : Numbers.index(a[3]);
        long from = start < 0 ? Math.max(0, start + length) : start;
        long to = Math.min(length, end < 0 ? Math.max(0, end + length) : end);
        if (from > to) {
            return new Window("", 0, false);
        }
        return new Window(render.sized(Text.slice(text, (int) from, (int) to)), (int) from, true);
    }

    private static boolean affix(Render render, Object[] a, boolean prefix) {
        Window window = window(render, a);
        List<Object> candidates = a[1] instanceof Tuple several ? several.items : List.of(a[1]);
        for (Object candidate : candidates) {
            String affix = Values.string(candidate);
            if (window.possible && (prefix ? window.text.startsWith(affix) : window.text.endsWith(affix))) {
                return true;
            }
        }
        return false;
    }

    private static long find(Render render, Object[] a, boolean last) {
        Window window = window(render, a);
        String wanted = Values.string(a[1]);
        if (!window.possible) {
            return -1;
        }
        int at = last ? window.text.lastIndexOf(wanted) : window.text.indexOf(wanted);
        return at < 0 ? -1 : window.start + Text.toCodePoints(window.text, at);
    }

    private static Object found(long position) {
        if (position < 0) {
            throw Fault.value("substring not found");
        }
        return position;
    }

    private static Object count(Render render, Object[] a) {
        Window window = window(render, a);
        String wanted = Values.string(a[1]);
        if (!window.possible) {
            return 0L;
        }
        if (wanted.isEmpty()) {
            return (long) Text.length(window.text) + 1;
        }
        long count = 0;
        for (int at = window.text.indexOf(wanted); at >= 0; at = window.text.indexOf(wanted, at + wanted.length())) {
            count++;
        }
        return count;
    }

    /// `str.replace`; an empty pattern stands between any two characters.
    static String replace(Render render, String text, String old, String fresh, long limit) {
        long left = limit < 0 ? Long.MAX_VALUE : limit;
        StringBuilder out = new StringBuilder();
        int at = 0;
        if (old.isEmpty()) {
            while (left > 0) {
                out.append(fresh);
                left--;
                if (at >= text.length()) {
                    break;
                }
                int next = text.offsetByCodePoints(at, 1);
                out.append(text, at, next);
                at = next;
                render.checkSize(out.length());
            }
        } else {
            for (int found = text.indexOf(old); found >= 0 && left > 0; found = text.indexOf(old, at)) {
                out.append(text, at, found).append(fresh);
                at = found + old.length();
                left--;
                render.checkSize(out.length());
            }
        }
        return render.sized(out.append(text, at, text.length()).toString());
    }

    private static Object join(Render render, Object[] a) {
        StringBuilder out = new StringBuilder();
        String separator = self(a);
        int index = 0;
        for (Object item : Iterators.toList(render, a[1])) {
            if (!Values.isString(item)) {
                throw Fault.type(
                        "sequence item " + index + ": expected str instance, " + Values.typeName(item) + " found");
            }
            out.append(index++ > 0 ? separator : "").append(Values.string(item));
            render.checkSize(out.length());
        }
        return render.sized(out.toString());
    }

    static String pad(Render render, String text, long left, long right, Object fill) {
        String character = Values.string(fill);
        if (Text.length(character) != 1) {
            throw Fault.type("The fill character must be exactly one character long");
        }
        if (left <= 0 && right <= 0) {
            return text;
        }
        render.checkSize(Math.max(0, left) + Math.max(0, right) + text.length());
        return render.sized(
                character.repeat((int) Math.max(0, left)) + text + character.repeat((int) Math.max(0, right)));
    }

    private static Object expandTabs(Render render, Object[] a) {
        long size = Numbers.index(a[1]);
        StringBuilder out = new StringBuilder();
        long column = 0;
        for (int c : self(a).codePoints().toArray()) {
            if (c == '\t') {
                long spaces = size <= 0 ? 0 : size - column % size;
                render.checkSize(out.length() + spaces);
                out.append(" ".repeat((int) spaces));
                column += spaces;
            } else {
                out.appendCodePoint(c);
                column = c == '\n' || c == '\r' ? 0 : column + 1;
            }
        }
        return render.sized(out.toString());
    }

    private static Object translate(Render render, Object[] a) {
        StringBuilder out = new StringBuilder();
        for (int c : self(a).codePoints().toArray()) {
            Object mapped =
                    a[1] instanceof Dict table ? table.get((long) c) : Attributes.subscript(render, a[1], (long) c);
            if (mapped == Missing.MISSING) {
                out.appendCodePoint(c);
            } else if (mapped instanceof Long point && Character.isValidCodePoint(point.intValue())) {
                out.appendCodePoint(point.intValue());
            } else if (mapped != None.NONE) {
                out.append(Values.string(mapped));
            }
            render.checkSize(out.length());
        }
        return render.sized(out.toString());
    }

    private static Object makeTranslation(Render render, Object[] a) {
        Dict table = new Dict();
        if (a[2] == Missing.MISSING) {
            if (!(a[1] instanceof Dict given)) {
                throw Fault.type("if you give only one argument to maketrans it must be a dict");
            }
            for (Dict.Entry entry : given.entries()) {
                boolean letter = Values.isString(entry.key());
                if (letter && Text.length(Values.string(entry.key())) != 1) {
                    throw Fault.value("string keys in translate table must be of length 1");
                }
                table.put(
                        letter ? (Object) (long) Values.string(entry.key()).codePointAt(0) : entry.key(),
                        entry.value());
            }
            return table;
        }
        List<Object> from = new ArrayList<>(Iterators.toList(render, Values.string(a[1])));
        List<Object> to = Iterators.toList(render, Values.string(a[2]));
        if (from.size() != to.size()) {
            throw Fault.value("the first two maketrans arguments must have equal length");
        }
        for (int i = 0; i < from.size(); i++) {
            table.put((long) Values.string(from.get(i)).codePointAt(0), (long)
                    Values.string(to.get(i)).codePointAt(0));
        }
        if (a[3] != Missing.MISSING) {
            Values.string(a[3]).codePoints().forEach(c -> table.put((long) c, None.NONE));
        }
        return table;
    }
}
