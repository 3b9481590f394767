package awl.remote;

import awl.Json;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is asked of an endpoint, whichever of them answers.
///
/// @param chat chat completions; else plain ones
/// @param body in the order it is sent
public record RemoteRequest(boolean chat, Map<String, @Nullable Object> body) {

    /// Fields that not every server knows; without them it still answers.
    static final List<String> EXTRAS =
            List.of("return_token_ids", "stop_token_ids", "top_k", "min_p", "repetition_penalty");

    String path() {
        return chat ? "/v1/chat/completions" : "/v1/completions";
    }

    /// Number of answers asked for.
    int choices() {
        return body.get("n") instanceof Number n ? n.intValue() : 1;
    }

    /// The same for servers that know OpenAI's fields only.
    RemoteRequest withoutExtras() {
        Map<String, @Nullable Object> fewer = new LinkedHashMap<>(body);
        fewer.keySet().removeAll(EXTRAS);
        return new RemoteRequest(chat, fewer);
    }

    /// Whether it asks for the very tokens of a model that may call tools.
    boolean wantsOwnCalls() {
        return body.containsKey("tools") && Boolean.TRUE.equals(body.get("return_token_ids"));
    }

    /// The same as a server wants it.
    ///
    /// @param model what it calls the model; null where that is what the others call it
    /// @param free whether it is to leave calls to the model, unread
    RemoteRequest at(@Nullable String model, boolean free) {
        if (model == null && !free) {
            return this;
        }
        Map<String, @Nullable Object> fitting = new LinkedHashMap<>(body);
        if (model != null) {
            fitting.put("model", model);
        }
        if (free) {
            fitting.put("tool_choice", "none");
        }
        return new RemoteRequest(chat, fitting);
    }

    /// What tells it from others: model, prompt, sampling and seed, but not where or how often it was sent.
    public String hash() {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            digest.update((path() + "\n" + Json.write(body)).getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(digest.digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }
}
