package awl.serve;

import awl.Json;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An error as OpenAI's clients read it: `{"error": {"message", "type", "param", "code"}}`.
final class ApiError extends RuntimeException {

    private static final long serialVersionUID = 1L;

    final int status;
    final @Nullable String param;
    final @Nullable String code;
    int retryAfterSeconds;

    /// @param param field of the request that is wrong
    /// @param code word for programs
    ApiError(int status, String message, @Nullable String param, @Nullable String code) {
        super(message);
        this.status = status;
        this.param = param;
        this.code = code;
    }

    /// A field that is not as it must be.
    static ApiError field(String param, String message) {
        return new ApiError(400, param + ": " + message, param, "invalid_value");
    }

    /// A field that asks for something this server does not do.
    static ApiError unsupported(String param, String message) {
        return new ApiError(400, param + ": " + message, param, "unsupported_parameter");
    }

    /// More is asked for than can be queued.
    static ApiError busy(int seconds) {
        ApiError error = new ApiError(429, "too many requests are waiting; try again later", null, "rate_limited");
        error.retryAfterSeconds = seconds;
        return error;
    }

    static ApiError noModel(String name) {
        return new ApiError(404, "the model " + Json.write(name) + " does not exist", "model", "model_not_found");
    }

    byte[] body() {
        return body(status, getMessage(), param, code);
    }

    static byte[] body(int status, @Nullable String message, @Nullable String param, @Nullable String code) {
        return Json.write(Map.of("error", inner(status, message, param, code))).getBytes(StandardCharsets.UTF_8);
    }

    static Map<String, @Nullable Object> inner(
            int status, @Nullable String message, @Nullable String param, @Nullable String code) {
        Map<String, @Nullable Object> error = new LinkedHashMap<>();
        error.put("message", message);
        error.put(
                "type", status >= 500 ? "server_error" : status == 429 ? "rate_limit_error" : "invalid_request_error");
        error.put("param", param);
        error.put("code", code);
        return error;
    }
}
