package awl.serve;

import awl.sample.TextStream;
import awl.token.Tokenizer;
import java.util.List;

/// The text of an answer piece by piece, so that the pieces make the whole answer: never half a character, nothing of
/// what may turn out to be a stop string.
final class StreamedText {

    private final TextStream text;
    private final int held;
    private int said;

    StreamedText(Tokenizer tokenizer, List<String> stop) {
        this.text = new TextStream(tokenizer, stop);
        this.held = stop.stream().mapToInt(String::length).max().orElse(1) - 1;
    }

    /// @return what can be said now
    String add(int id) {
        if (text.add(id)) {
            return ""; // the end comes, and says where it is
        }
        String all = text.soFar();
        int to = all.length() - held;
        if (to <= said) {
            return "";
        }
        if (Character.isHighSurrogate(all.charAt(to - 1))) {
            to--;
        }
        String piece = to <= said ? "" : all.substring(said, to);
        said = Math.max(said, to);
        return piece;
    }

    /// @param whole the answer
    /// @return what of it was not said
    String rest(String whole) {
        return whole.substring(Math.min(said, whole.length()));
    }
}
