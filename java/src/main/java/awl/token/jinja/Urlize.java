package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The `urlize` filter: makes links of what looks like a URL or a mail address.
final class Urlize {
    private static final Pattern URL = Pattern.compile(
            "^((https?://|www\\.)(([\\w%-]+\\.)+)?([a-z]{2,63}|xn--[\\w%]{2,59})"
                    + "|([\\w%-]{2,63}\\.)+(com|net|int|edu|gov|org|info|mil)"
                    + "|(https?://)((([\\d]{1,3})(\\.[\\d]{1,3}){3})|(\\[([\\da-f]{0,4}:){2}([\\da-f]{0,4}:?){1,6}\\])))"
                    + "(?::[\\d]{1,5})?(?:[/?#]\\S*)?$",
            Pattern.CASE_INSENSITIVE | Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES);
    private static final Pattern MAIL =
            Pattern.compile("^\\S+@\\w[\\w.-]*\\.\\w+$", Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES);
    private static final Pattern SCHEME =
            Pattern.compile("[\\w.+-]{2,}:(/){0,2}", Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES);
    private static final Pattern WORD =
            Pattern.compile("\\s+|\\S+", Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNIX_LINES);
    private static final Pattern HEAD = Pattern.compile("^([(<]|&lt;)+", Pattern.UNIX_LINES);
    private static final Pattern TAIL = Pattern.compile("([)>.,\\n]|&gt;)+$", Pattern.UNIX_LINES);
    private static final String[][] BRACKETS = {{"(", ")"}, {"<", ">"}, {"&lt;", "&gt;"}};

    private final String attributes;
    private final long limit;
    private final List<String> schemes;

    private Urlize(String attributes, long limit, List<String> schemes) {
        this.attributes = attributes;
        this.limit = limit;
        this.schemes = schemes;
    }

    /// @param a value, trim_url_limit, nofollow, target, rel, extra_schemes
    static Object filter(Render render, Object[] a) {
        TreeSet<String> rel = new TreeSet<>(Text::compare);
        if (Values.truth(a[4])) {
            rel.addAll(TextFilters.strings(Splitting.split(render, Values.string(a[4]), None.NONE, -1)));
        }
        if (Values.truth(a[2])) {
            rel.add("nofollow");
        }
        rel.add("noopener");
        List<String> schemes = new ArrayList<>();
        if (a[5] != None.NONE) {
            for (String scheme : TextFilters.strings(Iterators.toList(render, a[5]))) {
                if (!SCHEME.matcher(scheme).matches()) {
                    throw Fault.runtime("'" + scheme + "' is not a valid URI scheme prefix.");
                }
                schemes.add(scheme);
            }
        }
        String attributes = " rel=\"" + Markup.escapeText(String.join(" ", rel)) + "\""
                + (Values.truth(a[3])
                        ? " target=\"" + Markup.escape(render, a[3]).text() + "\""
                        : "");
        long limit = a[1] == None.NONE ? Long.MAX_VALUE : Numbers.index(a[1]);
        Urlize urlize = new Urlize(attributes, limit, schemes);
        StringBuilder out = new StringBuilder();
        Matcher words = WORD.matcher(Markup.escape(render, a[0]).text());
        while (words.find()) {
            // the patterns may look at a long word once for every character of it
            render.charge((long) words.group().length() * words.group().length() / 16);
            out.append(urlize.word(words.group()));
            render.checkSize(out.length());
        }
        String text = render.sized(out.toString());
        return render.autoescape ? new Markup(text) : text;
    }

    private String word(String word) {
        String head = "";
        String middle = word;
        String tail = "";
        Matcher lead = HEAD.matcher(middle);
        if (lead.find()) {
            head = lead.group();
            middle = middle.substring(lead.end());
        }
        Matcher trail = TAIL.matcher(middle);
        if (trail.find()) {
            tail = trail.group();
            middle = middle.substring(0, trail.start());
        }
        for (String[] pair : BRACKETS) {
            // a closing bracket belongs to the URL where the URL opened one
            int open = count(middle, pair[0]);
            if (open <= count(middle, pair[1])) {
                continue;
            }
            for (int moves = Math.min(open, count(tail, pair[1])); moves > 0; moves--) {
                int end = tail.indexOf(pair[1]) + pair[1].length();
                middle += tail.substring(0, end);
                tail = tail.substring(end);
            }
        }
        return head + link(middle) + tail;
    }

    private String link(String text) {
        if (URL.matcher(text).find()) {
            boolean full = text.startsWith("https://") || text.startsWith("http://");
            return "<a href=\"" + (full ? "" : "https://") + text + "\"" + attributes + ">" + trimmed(text) + "</a>";
        }
        if (text.startsWith("mailto:") && MAIL.matcher(text.substring(7)).find()) {
            return "<a href=\"" + text + "\">" + text.substring(7) + "</a>";
        }
        if (text.contains("@")
                && !text.startsWith("www.")
                && !text.startsWith("@")
                && !text.contains(":")
                && MAIL.matcher(text).find()) {
            return "<a href=\"mailto:" + text + "\">" + text + "</a>";
        }
        String linked = text;
        for (String scheme : schemes) {
            if (!linked.equals(scheme) && linked.startsWith(scheme)) {
                linked = "<a href=\"" + linked + "\"" + attributes + ">" + linked + "</a>";
            }
        }
        return linked;
    }

    private String trimmed(String url) {
        return Text.length(url) > limit ? Text.slice(url, 0, (int) Math.max(0, limit)) + "..." : url;
    }

    private static int count(String text, String part) {
        int count = 0;
        for (int at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length())) {
            count++;
        }
        return count;
    }
}
