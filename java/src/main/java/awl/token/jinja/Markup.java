package awl.token.jinja;

/// A string already safe for HTML (MarkupSafe's `Markup`). Chat templates rarely escape, but `safe`, `escape`
/// and autoescape blocks make this type, and joining it with a plain string escapes the plain one.
record Markup(String text) {

    /// Escapes any value, unless it is markup already.
    static Markup escape(Render render, Object value) {
        return value instanceof Markup markup ? markup : new Markup(escapeText(Repr.str(render, value)));
    }

    static String escapeText(String text) {
        StringBuilder out = new StringBuilder(text.length() + 16);
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> out.append("&amp;");
                case '>' -> out.append("&gt;");
                case '<' -> out.append("&lt;");
                case '\'' -> out.append("&#39;");
                case '"' -> out.append("&#34;");
                default -> out.append(c);
            }
        }
        return out.toString();
    }
}
