package awl.token.jinja;

import java.util.Map;

/// Taking HTML away again: tags and character references.
final class Html {
    private static final Map<String, String> NAMED = Map.ofEntries(
            Map.entry("amp", "&"),
            Map.entry("lt", "<"),
            Map.entry("gt", ">"),
            Map.entry("quot", "\""),
            Map.entry("apos", "'"),
            Map.entry("nbsp", "\u00a0"),
            Map.entry("copy", "\u00a9"),
            Map.entry("reg", "\u00ae"),
            Map.entry("raquo", "\u00bb"),
            Map.entry("laquo", "\u00ab"),
            Map.entry("hellip", "\u2026"),
            Map.entry("mdash", "\u2014"),
            Map.entry("ndash", "\u2013"),
            Map.entry("lsquo", "\u2018"),
            Map.entry("rsquo", "\u2019"),
            Map.entry("ldquo", "\u201c"),
            Map.entry("rdquo", "\u201d"),
            Map.entry("bull", "\u2022"),
            Map.entry("middot", "\u00b7"),
            Map.entry("euro", "\u20ac"),
            Map.entry("pound", "\u00a3"),
            Map.entry("yen", "\u00a5"),
            Map.entry("cent", "\u00a2"),
            Map.entry("sect", "\u00a7"),
            Map.entry("deg", "\u00b0"),
            Map.entry("plusmn", "\u00b1"),
            Map.entry("times", "\u00d7"),
            Map.entry("divide", "\u00f7"),
            Map.entry("micro", "\u00b5"),
            Map.entry("para", "\u00b6"),
            Map.entry("trade", "\u2122"),
            Map.entry("larr", "\u2190"),
            Map.entry("rarr", "\u2192"),
            Map.entry("uarr", "\u2191"),
            Map.entry("darr", "\u2193"),
            Map.entry("eacute", "\u00e9"),
            Map.entry("egrave", "\u00e8"),
            Map.entry("agrave", "\u00e0"),
            Map.entry("ccedil", "\u00e7"),
            Map.entry("auml", "\u00e4"),
            Map.entry("ouml", "\u00f6"),
            Map.entry("uuml", "\u00fc"),
            Map.entry("szlig", "\u00df"));

    private static final int LONGEST_REFERENCE = 34;

    private Html() {}

    /// Drops tags and comments, joins white space into single spaces, and resolves character references.
    static String stripTags(Render render, String text) {
        StringBuilder kept = new StringBuilder();
        int at = 0;
        for (int open = text.indexOf('<'); open >= 0; open = text.indexOf('<', at)) {
            boolean comment = text.startsWith("<!--", open);
            int close = comment ? text.indexOf("-->", open + 4) : text.indexOf('>', open);
            if (close < 0) {
                break;
            }
            kept.append(text, at, open);
            at = close + (comment ? 3 : 1);
        }
        kept.append(text, at, text.length());
        Object words = Splitting.split(render, kept.toString(), None.NONE, -1);
        return render.sized(unescape(String.join(" ", TextFilters.strings(Iterators.toList(render, words)))));
    }

    static String unescape(String text) {
        StringBuilder out = new StringBuilder(text.length());
        int at = 0;
        for (int amp = text.indexOf('&'); amp >= 0; amp = text.indexOf('&', at)) {
            out.append(text, at, amp);
            int end = text.indexOf(';', amp, Math.min(text.length(), amp + LONGEST_REFERENCE));
            String meaning = end < 0 ? "" : reference(text.substring(amp + 1, end));
            if (meaning.isEmpty()) {
                out.append('&');
                at = amp + 1;
            } else {
                out.append(meaning);
                at = end + 1;
            }
        }
        return out.append(text, at, text.length()).toString();
    }

    private static String reference(String name) {
        if (!name.startsWith("#")) {
            return NAMED.getOrDefault(name, "");
        }
        boolean hex = name.startsWith("#x") || name.startsWith("#X");
        String digits = name.substring(hex ? 2 : 1);
        int radix = hex ? 16 : 10;
        if (digits.isEmpty() || digits.length() > 8 || !digits.chars().allMatch(c -> Character.digit(c, radix) >= 0)) {
            return "";
        }
        long point = Long.parseLong(digits, radix);
        boolean valid = point > 0 && point <= Character.MAX_CODE_POINT && !(point >= 0xd800 && point <= 0xdfff);
        return valid ? Character.toString((int) point) : "\ufffd";
    }
}
