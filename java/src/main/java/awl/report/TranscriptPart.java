package awl.report;

/// A conversation as markup: who says what, and what of it is learned.
final class TranscriptPart {

    private TranscriptPart() {}

    static String html(ReportData.Transcript transcript) {
        StringBuilder html =
                new StringBuilder("<article class=\"talk\"><h3>%s".formatted(Page.escape(transcript.title())));
        if (!transcript.outcome().isEmpty()) {
            html.append("<span class=\"outcome\">%s</span>".formatted(Page.escape(transcript.outcome())));
        }
        html.append("</h3>\n");
        for (ReportData.Turn turn : transcript.turns()) {
            html.append("<div class=\"turn%s\">"
                    .formatted(turn.role().isEmpty() ? " whole" : " " + Page.escape(turn.role())));
            if (!turn.role().isEmpty()) {
                html.append("<span class=\"role\">%s</span>".formatted(Page.escape(turn.role())));
            }
            html.append("<p>");
            for (ReportData.Span span : turn.spans()) {
                String text = Page.escape(span.text());
                html.append(span.learned() ? "<mark class=\"learned\">" + text + "</mark>" : text);
            }
            html.append("</p></div>\n");
        }
        return html.append("</article>").toString();
    }
}
