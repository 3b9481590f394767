package awl.remote;

import awl.DataException;
import awl.Json;
import awl.chat.ToolCall;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// What an endpoint answered.
///
/// @param promptIds the prompt as the server tokenized it; null where it does not say
public record RemoteAnswer(List<Choice> choices, int @Nullable [] promptIds) {

    /// One of the answers.
    ///
    /// @param text without calls
    /// @param finish `stop`, `length`, `tool_calls` or what the server says
    /// @param ids new tokens, the one that ended it included where the server counts it; null where it does not say
    /// @param logProbs of the tokens; null where it does not say
    public record Choice(
            String text, List<ToolCall> calls, String finish, int @Nullable [] ids, double @Nullable [] logProbs) {}

    /// Reasons of a server that stops or fails: half a turn is none.
    private static final Set<String> BROKEN_OFF = Set.of("abort", "error");

    /// What is told of every token and asked for by nobody.
    private static final Set<String> LEFT_OUT = Set.of("top_logprobs", "bytes", "tokens", "text_offset");

    /// Reads an answer.
    ///
    /// @throws DataException where it is none
    static RemoteAnswer read(RemoteRequest request, Map<String, @Nullable Object> json) {
        if (!(json.get("choices") instanceof List<?> list) || list.size() < request.choices()) {
            throw new DataException("choices: expected " + request.choices() + ", found "
                    + (json.get("choices") instanceof List<?> some ? some.size() : "none"));
        }
        List<Choice> choices = new ArrayList<>();
        int[] prompt = ids(json.get("prompt_token_ids"));
        for (Object each : list) {
            Map<String, @Nullable Object> choice = Json.asObject(each, "choices");
            prompt = prompt == null ? ids(choice.get("prompt_token_ids")) : prompt;
            choices.add(request.chat() ? chat(choice) : plain(choice));
        }
        return new RemoteAnswer(choices, prompt);
    }

    private static Choice plain(Map<String, @Nullable Object> choice) {
        if (!(choice.get("text") instanceof String text)) {
            throw new DataException("choices.text: expected a string, found " + Json.kind(choice.get("text")));
        }
        return choice(text, List.of(), choice);
    }

    private static Choice chat(Map<String, @Nullable Object> choice) {
        Map<String, @Nullable Object> message = Json.asObject(choice.get("message"), "choices.message");
        String text = message.get("content") instanceof String content ? content : "";
        List<ToolCall> calls = new ArrayList<>();
        if (message.get("tool_calls") instanceof List<?> list) {
            list.forEach(each -> calls.add(call(Json.asObject(each, "tool_calls"))));
        }
        if (message.get("content") == null && calls.isEmpty() && !message.containsKey("content")) {
            throw new DataException("choices.message: expected content or tool_calls, found neither");
        }
        return choice(text, calls, choice);
    }

    /// Tokens stand in `token_ids` (vLLM, `awl serve`, SGLang's plain completions) or `response_token_ids`
    /// (SGLang's chat), log-probabilities in `logprobs.token_logprobs` (plain completions) or in
    /// `logprobs.content` (chat completions; llama.cpp's server in both, with ids).
    private static Choice choice(String text, List<ToolCall> calls, Map<String, @Nullable Object> json) {
        int[] ids = ids(json.containsKey("token_ids") ? json.get("token_ids") : json.get("response_token_ids"));
        double[] logProbs = null;
        if (json.get("logprobs") instanceof Map<?, ?> told) {
            if (told.get("token_logprobs") instanceof List<?> numbers) {
                logProbs = numbers(numbers);
            } else if (told.get("content") instanceof List<?> tokens) {
                logProbs = numbers(each(tokens, "logprob"));
                List<@Nullable Object> own = each(tokens, "id");
                ids = ids == null && !own.contains(null) && !own.isEmpty() ? ids(own) : ids;
            }
        }
        if (ids != null && logProbs != null && ids.length != logProbs.length) {
            throw new DataException(
                    "choices: %d tokens with %d log-probabilities".formatted(ids.length, logProbs.length));
        }
        return new Choice(text, calls, finish(json), ids, logProbs);
    }

    private static List<@Nullable Object> each(List<?> tokens, String field) {
        List<@Nullable Object> values = new ArrayList<>();
        tokens.forEach(each -> values.add(each instanceof Map<?, ?> token ? token.get(field) : null));
        return values;
    }

    /// `arguments` is a string that holds JSON; some servers write the object itself. What the model wrote may be no
    /// JSON at all: that is its mistake, and a value.
    private static ToolCall call(Map<String, @Nullable Object> json) {
        Map<String, @Nullable Object> function = Json.asObject(json.get("function"), "tool_calls.function");
        if (!(function.get("name") instanceof String name)) {
            throw new DataException("tool_calls.function.name: expected a string");
        }
        String id = json.get("id") instanceof String given ? given : null;
        Object arguments = function.get("arguments");
        try {
            if (arguments instanceof String text) {
                arguments = text.isBlank() ? Map.of() : Json.parse(text, "arguments");
            }
            return new ToolCall.Parsed(id, name, Json.asObject(arguments, "arguments"));
        } catch (DataException e) {
            return new ToolCall.Malformed(
                    name + "(" + function.get("arguments") + ")", Objects.requireNonNullElse(e.getMessage(), ""));
        }
    }

    private static String finish(Map<String, @Nullable Object> choice) {
        String reason = choice.get("finish_reason") instanceof String told ? told : "stop";
        if (BROKEN_OFF.contains(reason)) {
            throw new DataException("finish_reason: the server broke the answer off: " + reason);
        }
        return reason;
    }

    private static int @Nullable [] ids(@Nullable Object value) {
        if (!(value instanceof List<?> list)) {
            return null;
        }
        int[] ids = new int[list.size()];
        for (int n = 0; n < ids.length; n++) {
            if (!(list.get(n) instanceof Long id) || id < 0 || id > Integer.MAX_VALUE) {
                throw new DataException("token ids: expected whole numbers, found " + Json.kind(list.get(n)));
            }
            ids[n] = id.intValue();
        }
        return ids;
    }

    private static double[] numbers(List<?> list) {
        double[] numbers = new double[list.size()];
        for (int n = 0; n < numbers.length; n++) {
            numbers[n] = list.get(n) instanceof Number number ? number.doubleValue() : 0;
            if (!Double.isFinite(numbers[n])) {
                throw new DataException("logprobs: expected finite numbers, found " + numbers[n]);
            }
        }
        return numbers;
    }

    /// As it is kept: an answer of the server's own form, so that [#read] takes it, without what would make
    /// it many times as large.
    static Map<String, @Nullable Object> kept(Map<String, @Nullable Object> json) {
        Map<String, @Nullable Object> kept = new LinkedHashMap<>();
        for (String each : List.of("model", "choices", "prompt_token_ids")) {
            if (json.get(each) != null) {
                kept.put(each, slim(json.get(each)));
            }
        }
        return kept;
    }

    private static @Nullable Object slim(@Nullable Object value) {
        if (value instanceof Map<?, ?> map && map.get("logprobs") instanceof Map<?, ?>) {
            Map<String, @Nullable Object> choice = new LinkedHashMap<>(Json.asObject(map, "choices"));
            Map<String, @Nullable Object> told = new LinkedHashMap<>(Json.asObject(choice.get("logprobs"), "logprobs"));
            told.keySet().removeAll(LEFT_OUT);
            told.computeIfPresent("content", (name, tokens) -> slim(tokens));
            choice.put("logprobs", told);
            return choice;
        }
        if (value instanceof Map<?, ?> map && map.containsKey("logprob")) {
            Map<String, @Nullable Object> token = new LinkedHashMap<>(Json.asObject(map, "logprobs.content"));
            token.keySet().removeAll(LEFT_OUT);
            return token;
        }
        if (value instanceof List<?> list) {
            List<@Nullable Object> slim = new ArrayList<>();
            list.forEach(each -> slim.add(slim(each)));
            return slim;
        }
        return value;
    }
}
