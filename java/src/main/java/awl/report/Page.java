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
    private final StringBuilder contents = new StringBuilder();
    private final String title;
    private boolean open;

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

    /// Begins a section; it goes to the next one.
    ///
    /// @param id unique in the page, without blanks
    public Page section(String id, String heading) {
        body.append(open ? "</section>\n" : "")
                .append("<section id=\"%s\" aria-labelledby=\"%s-h\">\n<h2 id=\"%s-h\">%s</h2>\n"
                        .formatted(id, id, id, escape(heading)));
        contents.append("<a href=\"#%s\">%s</a>\n".formatted(id, escape(heading)));
        open = true;
        return this;
    }

    /// A heading inside a section.
    public Page heading(String text) {
        body.append("<h3>").append(escape(text)).append("</h3>\n");
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
    /// @param note below, such as an interval; may be empty
    public record Card(String label, String before, String value, String note) {}

    public Page cards(List<Card> cards) {
        body.append("<div class=\"cards\">");
        for (Card card : cards) {
            body.append("<div class=\"card\"><div class=\"label\">%s</div><div class=\"value\">%s%s</div>"
                    .formatted(
                            escape(card.label),
                            card.before.isEmpty()
                                    ? ""
                                    : "<span class=\"before\">%s <span aria-label=\"to\">&rarr;</span> </span>"
                                            .formatted(escape(card.before)),
                            escape(card.value)));
            if (!card.note.isEmpty()) {
                body.append("<div class=\"label\">").append(escape(card.note)).append("</div>");
            }
            body.append("</div>");
        }
        body.append("</div>\n");
        return this;
    }

    /// Drawings side by side where there is room, each with a caption.
    ///
    /// @param captions one a drawing
    /// @param notes below the captions, one a drawing; or empty
    public Page figures(List<String> captions, List<String> notes, List<String> drawings) {
        boolean pairs = drawings.size() == 2 || drawings.size() == 4;
        body.append("<div class=\"panels%s\">\n".formatted(pairs ? " pairs" : ""));
        for (int i = 0; i < drawings.size(); i++) {
            String note =
                    notes.isEmpty() || notes.get(i).isEmpty() ? "" : "<small>" + escape(notes.get(i)) + "</small>";
            body.append("<figure><figcaption>%s%s</figcaption>\n%s</figure>\n"
                    .formatted(escape(captions.get(i)), note, drawings.get(i)));
        }
        body.append("</div>\n");
        return this;
    }

    public Page table(Table table) {
        body.append(table);
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
                %s%s%s</main>
                </body>
                </html>
                """.formatted(escape(title), style(), heads(), body.substring(firstLine()), open ? "</section>\n" : "");
    }

    /// The title, and behind it where things are.
    private String heads() {
        String nav = contents.isEmpty() ? "" : "<nav aria-label=\"Contents\">\n" + contents + "</nav>\n";
        return body.substring(0, firstLine()) + nav;
    }

    private int firstLine() {
        return body.indexOf("\n") + 1;
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
