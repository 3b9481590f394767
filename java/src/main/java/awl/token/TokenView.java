package awl.token;

import java.util.ArrayList;
import java.util.List;

/// Tokens with weights, cut into pieces of text for showing: in a terminal, or as a page of HTML.
///
/// Tokens that share a character (the bytes of one letter) make one piece.
public record TokenView(List<Piece> pieces) {

    /// @param text what the tokens stand for
    /// @param ids one or more tokens
    /// @param weight their weight
    public record Piece(String text, List<Integer> ids, float weight) {}

    /// A rendered conversation.
    public static TokenView of(Renderer.Detail detail) {
        List<Piece> pieces = new ArrayList<>();
        int t = 0;
        while (t < detail.ids().length) {
            int from = t;
            int end = detail.end()[t];
            while (t + 1 < detail.ids().length && detail.start()[t + 1] < end) {
                end = Math.max(end, detail.end()[++t]);
            }
            t++;
            List<Integer> ids = new ArrayList<>();
            for (int i = from; i < t; i++) {
                ids.add(detail.ids()[i]);
            }
            pieces.add(new Piece(
                    detail.text().substring(detail.start()[from], end), List.copyOf(ids), detail.weights()[from]));
        }
        return new TokenView(pieces);
    }

    /// Tokens without their text: each is decoded, together with its neighbours while it is part of a character.
    public static TokenView of(Tokenizer tokenizer, int[] ids, float[] weights) {
        List<Piece> pieces = new ArrayList<>();
        int t = 0;
        while (t < ids.length) {
            int to = t + 1;
            String text = tokenizer.decode(new int[] {ids[t]}, false);
            while (text.indexOf('\uFFFD') >= 0 && to < ids.length && to - t < 8) {
                to++;
                text = tokenizer.decode(java.util.Arrays.copyOfRange(ids, t, to), false);
            }
            if (text.indexOf('\uFFFD') >= 0) {
                to = t + 1;
                text = tokenizer.decode(new int[] {ids[t]}, false);
            }
            List<Integer> own = new ArrayList<>();
            for (int i = t; i < to; i++) {
                own.add(ids[i]);
            }
            pieces.add(new Piece(text, List.copyOf(own), weights[t]));
            t = to;
        }
        return new TokenView(pieces);
    }

    /// Several documents one after the other, each under its number.
    public static TokenView of(Tokenizer tokenizer, List<Rendered> documents) {
        List<Piece> pieces = new ArrayList<>();
        for (int d = 0; d < documents.size(); d++) {
            String heading = "%s--- document %d of %d ---\n".formatted(d == 0 ? "" : "\n", d + 1, documents.size());
            pieces.add(new Piece(heading, List.of(), 0));
            Rendered document = documents.get(d);
            pieces.addAll(of(tokenizer, document.ids(), document.weights()).pieces);
        }
        return new TokenView(pieces);
    }

    /// How many tokens there are, and how many of them count.
    public String summary() {
        int tokens = 0;
        int learned = 0;
        for (Piece piece : pieces) {
            tokens += piece.ids.size();
            learned += piece.weight != 0f ? piece.ids.size() : 0;
        }
        return "%d tokens, %d learned (%.1f %%)".formatted(tokens, learned, tokens == 0 ? 0 : 100.0 * learned / tokens);
    }

    /// For a terminal: learned tokens on green (negative weights on red), a thin bar between tokens. Without colour,
    /// learned stretches stand between `[[` and `]]`.
    public String text(boolean colour) {
        StringBuilder out = new StringBuilder();
        boolean inside = false;
        for (Piece piece : pieces) {
            boolean learned = piece.weight != 0f;
            if (colour) {
                String style = !learned ? "\u001b[2m" : piece.weight > 0 ? "\u001b[30;42m" : "\u001b[30;41m";
                String shown = printable(piece.text);
                // The colour stops at the end of a line, or terminals paint the rest of it.
                out.append(style)
                        .append(shown.replace("\n", "\u001b[0m\n" + style))
                        .append("\u001b[0m");
                if (learned) {
                    out.append("\u001b[32m\u250a\u001b[0m");
                }
                continue;
            }
            if (learned != inside) {
                out.append(learned ? "[[" : "]]");
                inside = learned;
            }
            out.append(printable(piece.text));
        }
        return out.append(inside ? "]]" : "").toString();
    }

    /// Control characters other than the line's end would move the cursor.
    private static String printable(String text) {
        StringBuilder shown = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (c == '\n') {
                shown.append("\u23ce\n");
            } else if (Character.isISOControl(c)) {
                shown.append("\\u%04x".formatted(c));
            } else {
                shown.appendCodePoint(c);
            }
        });
        return shown.toString();
    }

    /// A page that needs no other file.
    public String html(String title) {
        StringBuilder out = new StringBuilder("""
                <!doctype html>
                <html lang="en"><meta charset="utf-8"><title>%s</title>
                <style>
                :root { color-scheme: light dark; }
                body { font: 15px/1.7 ui-monospace, monospace; margin: 2em; max-width: 60em; }
                p { white-space: pre-wrap; overflow-wrap: anywhere; }
                span { border-right: 1px dotted #8888; color: #888; }
                span.l { background: #2da44e44; color: inherit; }
                span.n { background: #cf222e44; color: inherit; }
                i { opacity: .5; font-style: normal; }
                </style>
                <h1>%s</h1>
                <div>%s; learned tokens are green. Point at a token to see its id and weight.</div>
                <p>""".formatted(escape(title), escape(title), escape(summary())));
        for (Piece piece : pieces) {
            String kind = piece.weight == 0f ? "" : piece.weight > 0 ? " class=\"l\"" : " class=\"n\"";
            String ids = piece.ids.toString();
            out.append("<span%s title=\"%s weight %s\">"
                            .formatted(kind, ids.substring(1, ids.length() - 1), piece.weight))
                    .append(escape(printable(piece.text)).replace("\u23ce\n", "<i>\u23ce</i>\n"))
                    .append("</span>");
        }
        return out.append("</p></html>\n").toString();
    }

    private static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }
}
