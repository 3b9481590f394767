package awl.remote;

import awl.DataException;
import awl.Json;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// What a server says instead of an answer.
///
/// @param told as it is said, in one line of any length
/// @param tooLong whether prompt and answer are more than its model can hold
record RemoteError(String told, boolean tooLong) {

    private static final int MOST_BYTES = 64 << 10;
    private static final Pattern TOO_LONG =
            Pattern.compile("context (length|size|window)|max_model_len", Pattern.CASE_INSENSITIVE);

    /// Reads the body of an answer of status 400 or more: JSON of any shape, or whatever else is there.
    static RemoteError of(byte[] body) {
        String text = new String(body, 0, Math.min(body.length, MOST_BYTES), StandardCharsets.UTF_8);
        Map<String, @Nullable Object> error = Map.of();
        try {
            Map<String, @Nullable Object> json = Json.object(text, "answer");
            // SGLang and older vLLM write it without `error` around it.
            error = json.get("error") instanceof Map<?, ?> inner ? Json.asObject(inner, "error") : json;
        } catch (DataException e) {
            // a proxy's page, for instance: told as it is
        }
        Object said = error.containsKey("message") ? error.get("message") : error.get("error_message"); // of adapters
        String told = (said instanceof String message ? message : text)
                .replaceAll("[\\p{Cc}\\p{Zl}\\p{Zp}]+", " ")
                .strip();
        // OpenAI and `awl serve` say it by `code`, llama.cpp's server by `type`, vLLM and SGLang in words.
        boolean tooLong = "context_length_exceeded".equals(error.get("code"))
                || "exceed_context_size_error".equals(error.get("type"))
                || TOO_LONG.matcher(told).find();
        return new RemoteError(told, tooLong);
    }

    /// Whether it names a field that not every server knows.
    boolean namesExtras() {
        return RemoteRequest.EXTRAS.stream().anyMatch(told::contains);
    }
}
