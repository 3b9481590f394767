package awl.token.jinja;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The `wordwrap` filter: each line broken into lines of a width, as Python's `textwrap` does it.
final class TextWrap {
    private static final String SPACE = "[\\t\\n\\x0b\\f\\r ]";
    private static final String NO_SPACE = "[^\\t\\n\\x0b\\f\\r ]";
    private static final String WORD_MARK = "[\\w!\"'&.,?]";
    private static final String LETTER = "[^\\d\\W]";

    /// Words, runs of white space, and where a hyphen or dash allows a break.
    private static final Pattern WITH_HYPHENS = Pattern.compile(
            SPACE + "+"
                    + "|(?<=" + WORD_MARK + ")-{2,}(?=\\w)"
                    + "|" + NO_SPACE + "+?(?:"
                    + "-(?:(?<=" + LETTER + "{2}-)|(?<=" + LETTER + "-" + LETTER + "-))(?=" + LETTER + "-?" + LETTER
                    + ")"
                    + "|(?=" + SPACE + "|\\z)"
                    + "|(?<=" + WORD_MARK + ")(?=-{2,}\\w))",
            Pattern.UNICODE_CHARACTER_CLASS);
    private static final Pattern PLAIN = Pattern.compile(SPACE + "+|" + NO_SPACE + "+");

    private TextWrap() {}

    static Object filter(Render render, Object[] a) {
        long width = Numbers.index(a[1]);
        String separator = a[3] == None.NONE ? "\n" : Values.string(a[3]);
        List<String> out = new ArrayList<>();
        for (String line : TextFilters.strings(Splitting.lines(render, Values.string(a[0]), false))) {
            out.add(String.join(separator, wrap(render, line, width, Values.truth(a[2]), Values.truth(a[4]))));
        }
        return render.sized(String.join(separator, out));
    }

    private static List<String> wrap(Render render, String text, long width, boolean breakLong, boolean hyphens) {
        if (width <= 0) {
            throw Fault.value("invalid width " + width + " (must be > 0)");
        }
        Deque<String> chunks = new ArrayDeque<>();
        Matcher matcher = (hyphens ? WITH_HYPHENS : PLAIN).matcher(text);
        while (matcher.find()) {
            if (!matcher.group().isEmpty()) {
                chunks.add(matcher.group());
            }
        }
        List<String> lines = new ArrayList<>();
        while (!chunks.isEmpty()) {
            render.scan(chunks.getFirst()); // a long word is copied again for each line it fills
            String line = line(chunks, width, breakLong, hyphens, !lines.isEmpty());
            if (!line.isEmpty()) {
                lines.add(line);
            }
        }
        return lines;
    }

    private static boolean isBlank(String chunk) {
        return Text.strip(chunk).isEmpty();
    }

    private static String line(
            Deque<String> chunks, long width, boolean breakLong, boolean hyphens, boolean dropLeading) {
        if (dropLeading && isBlank(chunks.getFirst())) {
            chunks.removeFirst();
        }
        List<String> line = new ArrayList<>();
        long length = 0;
        while (!chunks.isEmpty() && length + Text.length(chunks.getFirst()) <= width) {
            length += Text.length(chunks.getFirst());
            line.add(chunks.removeFirst());
        }
        if (!chunks.isEmpty() && Text.length(chunks.getFirst()) > width) {
            long room = width < 1 ? 1 : width - length;
            if (breakLong) {
                breakChunk(chunks, line, (int) room, hyphens);
            } else if (line.isEmpty()) {
                line.add(chunks.removeFirst());
            }
        }
        if (!line.isEmpty() && isBlank(line.getLast())) {
            line.removeLast();
        }
        return String.join("", line);
    }

    private static void breakChunk(Deque<String> chunks, List<String> line, int room, boolean hyphens) {
        String chunk = chunks.removeFirst();
        int end = room;
        if (hyphens && Text.length(chunk) > room) {
            int hyphen = Text.slice(chunk, 0, room).lastIndexOf('-');
            if (hyphen > 0 && chunk.substring(0, hyphen).chars().anyMatch(c -> c != '-')) {
                end = Text.toCodePoints(chunk, hyphen) + 1;
            }
        }
        line.add(Text.slice(chunk, 0, end));
        chunks.addFirst(Text.slice(chunk, end, Text.length(chunk)));
    }
}
