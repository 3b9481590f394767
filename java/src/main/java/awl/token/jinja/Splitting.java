package awl.token.jinja;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Cutting strings: at a separator, at runs of white space, at line ends.
final class Splitting {
    private Splitting() {}

    static List<Object> split(Render render, String text, Object separator, long limit) {
        render.charge(text.length());
        long left = limit < 0 ? Long.MAX_VALUE : limit;
        if (separator == None.NONE) {
            return words(text, left);
        }
        String at = separator(separator);
        List<Object> parts = new ArrayList<>();
        int start = 0;
        for (int found = text.indexOf(at); found >= 0 && left > 0; found = text.indexOf(at, start)) {
            parts.add(text.substring(start, found));
            start = found + at.length();
            left--;
        }
        parts.add(text.substring(start));
        return parts;
    }

    private static String separator(Object separator) {
        String text = Values.string(separator);
        if (text.isEmpty()) {
            throw Fault.value("empty separator");
        }
        return text;
    }

    private static List<Object> words(String text, long limit) {
        List<Object> parts = new ArrayList<>();
        long left = limit;
        int at = 0;
        while (true) {
            while (at < text.length() && Text.isSpace(text.charAt(at))) {
                at++;
            }
            if (at >= text.length()) {
                return parts;
            }
            if (left-- == 0) {
                parts.add(text.substring(at));
                return parts;
            }
            int end = at;
            while (end < text.length() && !Text.isSpace(text.charAt(end))) {
                end++;
            }
            parts.add(text.substring(at, end));
            at = end;
        }
    }

    static List<Object> splitRight(Render render, String text, Object separator, long limit) {
        render.charge(text.length());
        long left = limit < 0 ? Long.MAX_VALUE : limit;
        List<Object> parts =
                separator == None.NONE ? wordsFromRight(text, left) : partsFromRight(text, separator(separator), left);
        Collections.reverse(parts);
        return parts;
    }

    private static List<Object> partsFromRight(String text, String at, long limit) {
        List<Object> parts = new ArrayList<>();
        long left = limit;
        int end = text.length();
        for (int found = text.lastIndexOf(at); found >= 0 && left > 0; left--) {
            parts.add(text.substring(found + at.length(), end));
            end = found;
            found = end < at.length() ? -1 : text.lastIndexOf(at, end - at.length());
        }
        parts.add(text.substring(0, end));
        return parts;
    }

    private static List<Object> wordsFromRight(String text, long limit) {
        List<Object> parts = new ArrayList<>();
        long left = limit;
        int end = text.length();
        while (true) {
            while (end > 0 && Text.isSpace(text.charAt(end - 1))) {
                end--;
            }
            if (end == 0) {
                return parts;
            }
            if (left-- == 0) {
                parts.add(text.substring(0, end));
                return parts;
            }
            int start = end;
            while (start > 0 && !Text.isSpace(text.charAt(start - 1))) {
                start--;
            }
            parts.add(text.substring(start, end));
            end = start;
        }
    }

    static List<Object> lines(Render render, String text, boolean keepEnds) {
        render.charge(text.length());
        List<Object> lines = new ArrayList<>();
        int start = 0;
        for (int i = 0; i < text.length(); i++) {
            if (Text.isLineBreak(text.charAt(i))) {
                int end = i;
                if (text.charAt(i) == '\r' && i + 1 < text.length() && text.charAt(i + 1) == '\n') {
                    i++;
                }
                lines.add(text.substring(start, keepEnds ? i + 1 : end));
                start = i + 1;
            }
        }
        if (start < text.length()) {
            lines.add(text.substring(start));
        }
        return lines;
    }

    static Tuple partition(String text, String separator, boolean last) {
        if (separator.isEmpty()) {
            throw Fault.value("empty separator");
        }
        int at = last ? text.lastIndexOf(separator) : text.indexOf(separator);
        if (at < 0) {
            return last ? Tuple.of("", "", text) : Tuple.of(text, "", "");
        }
        return Tuple.of(text.substring(0, at), separator, text.substring(at + separator.length()));
    }
}
