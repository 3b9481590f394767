package awl.token.jinja;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// A rendered template.
///
/// @param text the result
/// @param generation where the `{% generation %}` blocks stand, in code points of `text` and in the order
///     they ended; empty where the template has no such block
public record RenderResult(String text, Optional<List<Span>> generation) {

    /// The same ranges in UTF-16 units, as Java strings and token offsets count; none where the template
    /// marks nothing. A block that was captured and printed elsewhere keeps the range the reference gives it,
    /// cut at the end of the text.
    public List<Span> generationUtf16() {
        List<Span> spans = new ArrayList<>();
        for (Span span : generation.orElse(List.of())) {
            spans.add(new Span(offset(span.start()), offset(span.end())));
        }
        return spans;
    }

    private int offset(int codePoints) {
        // a text without surrogate pairs counts alike both ways
        int length = text.codePointCount(0, text.length());
        int within = Math.min(codePoints, length);
        return length == text.length() ? within : text.offsetByCodePoints(0, within);
    }
}
