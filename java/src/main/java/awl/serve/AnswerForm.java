package awl.serve;

import awl.sample.Completion;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// How answers look as JSON: as chat completions, or as plain ones.
interface AnswerForm {

    /// What ids begin with.
    String idPrefix();

    /// `object` of an answer, or of a piece of one.
    String object(boolean piece);

    /// Fields of the whole answer beside its choices.
    void addTo(Map<String, @Nullable Object> answer, List<int[]> prompts);

    /// An answer as a whole.
    Map<String, @Nullable Object> choice(Choice choice, Completion done);

    /// What is said before the first token; null = nothing.
    @Nullable
    Map<String, @Nullable Object> opening(Choice choice);

    /// Whether text can be told before the answer is there as a whole.
    boolean tellsText();

    /// A piece.
    Map<String, @Nullable Object> piece(Choice choice, String text, List<Choice.Token> tokens);

    /// The last pieces.
    ///
    /// @param rest text that was not told, where text is told in pieces
    /// @param tokens that were not told
    List<Map<String, @Nullable Object>> closing(Choice choice, Completion done, String rest, List<Choice.Token> tokens);
}
