package awl.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/// An HTML page that is put together from above to below. Text is escaped; what is called `html` is not.
public final class Page {

    private final StringBuilder body = new StringBuilder();
    private final String title;

    public Page(String title) {
        this.title = title;
        body.append("<h1>").append(escape(title)).append("</h1>\n");
    }

    /// Makes text safe to stand in a page, attributes included.
    public static String escape(String text) {
        return text.replace("&", "&amp;")
                .replace("<", "&lt;")
                .replace(">", "&gt;")
                .replace("\"", "&quot;");
    }

    public Page heading(String text) {
        body.append("<h2>").append(escape(text)).append("</h2>\n");
        return this;
    }

    public Page paragraph(String text) {
        body.append("<p>").append(escape(text)).append("</p>\n");
        return this;
    }

    /// A small remark below something.
    public Page note(String text) {
        body.append("<p class=\"note\">").append(escape(text)).append("</p>\n");
        return this;
    }

    /// Markup as it is.
    public Page html(String html) {
        body.append(html).append('\n');
        return this;
    }

    /// A figure in large type with what it is.
    ///
    /// @param before what it was; empty for none
    public record Card(String label, String before, String value) {}

    public Page cards(List<Card> cards) {
        body.append("<div class=\"cards\">");
        for (Card card : cards) {
            body.append("<div class=\"card\"><div class=\"label\">")
                    .append(escape(card.label))
                    .append("</div><div class=\"value\">");
            if (!card.before.isEmpty()) {
                body.append("<span class=\"before\">")
                        .append(escape(card.before))
                        .append(" &rarr; </span>");
            }
            body.append(escape(card.value)).append("</div></div>");
        }
        body.append("</div>\n");
        return this;
    }

    /// @param rows the first one is the head
    /// @param strong index of the row to be pointed out, or -1
    public Page table(List<List<String>> rows, int strong) {
        body.append("<div class=\"scroll\"><table><thead><tr>");
        rows.getFirst().forEach(cell -> body.append("<th>").append(escape(cell)).append("</th>"));
        body.append("</tr></thead><tbody>\n");
        for (int r = 1; r < rows.size(); r++) {
            body.append(r == strong ? "<tr class=\"strong\">" : "<tr>");
            rows.get(r).forEach(cell -> body.append("<td>").append(escape(cell)).append("</td>"));
            body.append("</tr>\n");
        }
        body.append("</tbody></table></div>\n");
        return this;
    }

    @Override
    public String toString() {
        return """
                <!doctype html>
                <html lang="en">
                <head>
                <meta charset="utf-8">
                <meta name="viewport" content="width=device-width, initial-scale=1">
                <meta name="color-scheme" content="light dark">
                <title>%s</title>
                <style>
                %s</style>
                </head>
                <body>
                <main>
                %s</main>
                </body>
                </html>
                """.formatted(escape(title), style(), body);
    }

    /// Writes the page: it is there whole or not at all.
    public void write(Path file) {
        try {
            Path beside = file.resolveSibling("." + file.getFileName() + ".part");
            Files.writeString(beside, toString());
            Files.move(beside, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write " + file, e);
        }
    }

    private static String style() {
        try (InputStream in = Page.class.getResourceAsStream("/awl/report/page.css")) {
            return new String(java.util.Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
