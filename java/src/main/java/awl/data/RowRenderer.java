package awl.data;

import awl.token.Rendered;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Turns the text of a row into tokens with weights. Implemented over the checkpoint's tokenizer and chat
/// template; asked for only when a row has text, so that ready tokens need neither. Must be thread-safe.
public interface RowRenderer {

    /// Assistant turns from a message on, each behind the ids that the model is given when it writes that turn.
    ///
    /// @param messages the row's `messages`, a JSON array
    /// @param tools the row's `tools`, a JSON array, or null
    /// @param from index of the first message whose turn is learned; 0 to learn all
    /// @return documents, at least one; several where the chat template rewrites earlier turns
    /// @throws awl.AwlException what is wrong with the conversation, without file and line (the reader adds
    ///     them)
    List<Rendered> conversation(JsonNode messages, @Nullable JsonNode tools, int from);

    /// The prompt as the model sees it at inference, then the completion and the end-of-text token; the latter
    /// two are learned.
    Rendered completion(String prompt, String completion);
}
