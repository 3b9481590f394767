package awl.data;

import awl.token.Rendered;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/// Turns the text of a row into tokens with weights. Implemented over the checkpoint's tokenizer and chat
/// template; asked for only when a row has text, so that ready tokens need neither. Must be thread-safe.
public interface RowRenderer {

    /// @param messages the row's `messages`, a JSON array
    /// @param tools the row's `tools`, a JSON array, or null
    /// @throws awl.AwlException what is wrong with the conversation, without file and line (the reader adds
    ///     them)
    Rendered conversation(JsonNode messages, @Nullable JsonNode tools);

    /// Ids a longer conversation begins with: what a model is given to go on with this one.
    default int[] prompt(JsonNode messages, @Nullable JsonNode tools) {
        return conversation(messages, tools).ids();
    }

    /// The prompt as the model sees it at inference, then the completion and the end-of-text token; the latter
    /// two are learned.
    Rendered completion(String prompt, String completion);
}
