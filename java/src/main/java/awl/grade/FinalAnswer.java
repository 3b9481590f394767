package awl.grade;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Finds the final answer in a reply: `\boxed{...}`, `<answer>...</answer>`, `#### ...`, or what follows
/// the last *answer is* / *answer:*. The last of them counts.
final class FinalAnswer {

    private static final Pattern TAG = Pattern.compile("<answer>(.*?)</answer>", Pattern.DOTALL);
    private static final Pattern HASHES = Pattern.compile("####\\s*(.+)");
    private static final Pattern MARK = Pattern.compile(
            "(?:\\banswer\\b|\\bresult\\b)[*_]*(?:\\s+is\\b|\\s*[:=])[*_]*(?:\\s*:)?\\s*(?:option\\s+|choice\\s+)?(.+)",
            Pattern.CASE_INSENSITIVE);
    private static final String[] BOXES = {"\\boxed", "\\fbox"};

    private FinalAnswer() {}

    /// The text of the answer; null where none is marked.
    static @Nullable String in(String reply) {
        String answer = null;
        int last = -1;
        for (Pattern pattern : new Pattern[] {TAG, HASHES, MARK}) {
            Matcher found = pattern.matcher(reply);
            int from = 0;
            while (found.find(from)) {
                if (found.start() >= last) {
                    last = found.start();
                    answer = found.group(1);
                }
                // "The answer is in the box: the answer is 5" holds two marks in one line.
                from = pattern == MARK ? found.start(1) : found.end();
                if (from >= reply.length()) {
                    break;
                }
            }
        }
        for (String box : BOXES) {
            int at = reply.lastIndexOf(box);
            if (at >= 0 && (at >= last || (answer != null && answer.contains(box)))) {
                String inner = braces(reply, at + box.length());
                if (inner != null) {
                    answer = inner;
                    last = Math.max(at, last);
                }
            }
        }
        return answer == null ? null : clean(answer);
    }

    private static @Nullable String braces(String text, int from) {
        int open = from;
        while (open < text.length() && text.charAt(open) == ' ') {
            open++;
        }
        if (open >= text.length() || text.charAt(open) != '{') {
            return null;
        }
        int depth = 0;
        for (int i = open; i < text.length(); i++) {
            char c = text.charAt(i);
            depth += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (depth == 0) {
                return text.substring(open + 1, i);
            }
        }
        return null;
    }

    /// Without marks around it and a full stop behind it.
    static String clean(String answer) {
        String text = answer.strip();
        while (true) {
            String before = text;
            text = text.replaceAll("^(?:\\*\\*|\\*|__|`|\\$+|\"|\\\\\\(|\\\\\\[)\\s*", "");
            text = text.replaceAll("\\s*(?:\\*\\*|\\*|__|`|\\$+|\"|\\\\\\)|\\\\\\])$", "");
            text = text.replaceAll("(?<=.)\\s*[.,;]$", "").strip();
            if (text.equals(before)) {
                return text;
            }
        }
    }
}
