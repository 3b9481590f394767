package awl.sample;

import awl.token.Tokenizer;
import java.util.Arrays;
import java.util.List;

/// The text of an answer as its tokens arrive, never half a character.
///
/// A token alone has no text: characters are split over tokens, and some tokenizers drop a leading space. So the text
/// of a token is the difference between decoding a window that ends with it and the same window without it; while the
/// window ends inside a character nothing is said.
public final class TextStream {

    private static final char REPLACEMENT = '\uFFFD';

    private final Tokenizer tokenizer;
    private final List<String> stopStrings;
    private final int longestStop;
    private final StringBuilder text = new StringBuilder();
    private int[] ids = new int[64];
    private int count;
    private int windowStart;
    private int said;

    /// @param stopStrings looked for in the text; they stay in it
    public TextStream(Tokenizer tokenizer, List<String> stopStrings) {
        this.tokenizer = tokenizer;
        this.stopStrings = stopStrings;
        this.longestStop = stopStrings.stream().mapToInt(String::length).max().orElse(0);
    }

    /// Adds a token.
    ///
    /// @return whether the text now holds a stop string
    public boolean add(int id) {
        if (count == ids.length) {
            ids = Arrays.copyOf(ids, count * 2);
        }
        ids[count++] = id;
        String known = decode(windowStart, said);
        String now = decode(windowStart, count);
        String added = now.length() > known.length() ? now.substring(known.length()) : "";
        int searchFrom = Math.max(0, text.length() - Math.max(0, longestStop - 1));
        boolean whole = !added.isEmpty() && added.charAt(added.length() - 1) != REPLACEMENT;
        if (whole) {
            text.append(added);
            windowStart = said;
            said = count;
            return stopStrings.stream().anyMatch(stop -> text.indexOf(stop, searchFrom) >= 0);
        }
        // A stop string may be complete although the token goes on with a part of the next character.
        String ahead = text.substring(searchFrom) + added;
        return stopStrings.stream().anyMatch(ahead::contains);
    }

    /// What has been said so far.
    public String soFar() {
        return text.toString();
    }

    private String decode(int from, int to) {
        return tokenizer.decode(Arrays.copyOfRange(ids, from, to), true);
    }

    /// The text before the first stop string in it, or all of it.
    static String cut(String text, List<String> stopStrings) {
        int end = text.length();
        for (String stop : stopStrings) {
            int at = text.indexOf(stop);
            if (at >= 0) {
                end = Math.min(end, at);
            }
        }
        return text.substring(0, end);
    }
}
